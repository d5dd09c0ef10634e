import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { hits, plantedSite, startNight, TODAY } from "../support/canary-night.ts";
import { propool } from "../support/command.ts";
import { FORMATS, temporary } from "../support/site.ts";
import { filesIn } from "../support/site-look.ts";

/** Kills a format, at random moments spread over a whole night. */
const KILLS = Number(process.env.PROPOOL_KILLS ?? 50);

it.each(FORMATS)(
  "canaries of a %s night that is killed stand nowhere but in identified/, and nowhere after the next start",
  async (format) => {
    const { directory, remove } = await temporary();
    const scratch = join(directory, "tmp");
    await mkdir(scratch);
    const { site } = await plantedSite(directory, format, `K${format.toUpperCase()}`);
    const started = performance.now();
    expect(await startNight(site, scratch).ended).toMatchObject({ exitCode: 0 });
    const milliseconds = performance.now() - started;
    let killed = 0;
    for (let part = 0; part < KILLS; part++) {
      await rm(site.path("store"), { recursive: true, force: true });
      const run = startNight(site, scratch);
      const moment = ((part + Math.random()) / KILLS) * milliseconds;
      await setTimeout(moment);
      run.process.kill("SIGKILL");
      const told = await run.ended;
      if (told.exitCode === null) killed++;
      expect(await hits(site, scratch, [told]), `killed after ${Math.round(moment)} ms`).toEqual(
        [],
      );
      const next = await propool("run", site.directory, ...TODAY);
      expect(next.exitCode, next.err).toBe(0);
      expect(await hits(site, scratch, [next])).toEqual([]);
      expect(await filesIn(site.directory)).not.toContainEqual(
        expect.stringMatching(/^identified/),
      );
    }
    await remove();
    console.log(
      `${format}: ${killed} of ${KILLS} nights were killed before their end, 0 canaries outside identified/`,
    );
  },
);
