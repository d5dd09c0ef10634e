import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { hits, plantedSite, startNight, TODAY } from "../support/canary-night.ts";
import { propool } from "../support/command.ts";
import { FORMATS, temporary } from "../support/site.ts";
import { filesIn } from "../support/site-look.ts";

/** Nights of a format that are really killed, at random moments spread over a whole one. */
const KILLS = Number(process.env.PROPOOL_KILLS ?? 50);

it.each(FORMATS)(
  "canaries of a %s night that is killed stand nowhere but in identified/, and nowhere after the next start",
  async (format) => {
    const { directory, remove } = await temporary();
    const scratch = join(directory, "tmp");
    await mkdir(scratch);
    const { site } = await plantedSite(directory, format, `K${format.toUpperCase()}`);
    expect(await startNight(site, scratch).ended).toMatchObject({ exitCode: 0 });
    // What a night takes is learnt from those that ended before they were killed: the first of all is slower, and the machine has other work.
    let milliseconds = Infinity;
    let ended = 0;
    for (let killed = 0; killed < KILLS; ) {
      await rm(site.path("store"), { recursive: true, force: true });
      const started = performance.now();
      const run = startNight(site, scratch);
      const moment = ((killed + Math.random()) / KILLS) * milliseconds;
      const late = Number.isFinite(moment) ? setTimeout(moment) : run.ended;
      await Promise.race([late, run.ended]);
      run.process.kill("SIGKILL");
      const told = await run.ended;
      if (told.exitCode === null) killed++;
      else {
        milliseconds = Math.min(milliseconds, performance.now() - started);
        expect(++ended, "nights that ended too early").toBeLessThan(KILLS + 5);
      }
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
      `${format}: ${KILLS} nights were killed before their end (${ended} ended first), 0 canaries outside identified/`,
    );
  },
);
