import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { run } from "../../cli/main.ts";

/** What a command left: its exit code, the data it printed and the messages it told. */
export interface Told {
  exitCode: number | null;
  out: string;
  err: string;
}

/** Compiled once for all starts: half of a start's time. */
export const NODE_COMPILE_CACHE = join(tmpdir(), "propool-compile-cache");
const MAIN = join(import.meta.dirname, "../../cli/main.ts");

/** Runs a command line in this process. */
export function propool(...argv: string[]): Promise<Told> {
  return propoolIn({}, ...argv);
}

/** The same with environment variables. */
export async function propoolIn(env: NodeJS.ProcessEnv, ...argv: string[]): Promise<Told> {
  const out = new TextSink();
  const err = new TextSink();
  const io = { out, err, in: Readable.from([]), env, tty: false };
  const exitCode = await run(argv, io);
  return { exitCode, out: out.text, err: err.text };
}

/** Starts a command line in a process of its own; `ended` settles when it is gone, with a null exit code when it was killed. */
export function startPropool(...argv: string[]): Started {
  return startPropoolIn({}, ...argv);
}

export interface Started {
  process: ChildProcess;
  ended: Promise<Told>;
}

/** The same with further environment variables. */
export function startPropoolIn(more: NodeJS.ProcessEnv, ...argv: string[]): Started {
  const env = { ...process.env, NODE_COMPILE_CACHE, ...more };
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const child = spawn(process.execPath, [MAIN, ...argv], { env, stdio: [...stdio] });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const ended = new Promise<Told>((done, fail) => {
    child.once("error", fail);
    child.once("close", (exitCode) => done({ exitCode, out, err }));
  });
  return { process: child, ended };
}

class TextSink extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}
