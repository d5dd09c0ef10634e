import { describe, expect, it } from "vitest";
import { explainError } from "../../cli/explain-error.ts";
import { type ErrorCode, ProError } from "../../pipelines/core/errors.ts";
import { startPropool } from "../support/command.ts";

const quiet = { debug: false };

describe("an error of ours", () => {
  it("says what, where and what to do, on a line each", () => {
    const error = new ProError("SOURCE_EMPTY", "the file holds no record", {
      where: { file: "Patient.ndjson", record: "line 3", pointer: "/name/0" },
      hint: "export it again",
    });
    expect(explainError(error, quiet)).toEqual({
      text: "propool: the file holds no record (SOURCE_EMPTY)\n  where: Patient.ndjson line 3 at /name/0\n  do:    export it again",
      exitCode: 12,
      code: "SOURCE_EMPTY",
    });
  });

  it("leaves out what it does not know", () => {
    const error = new ProError("QUALITY_LEDGER", "a gap");
    expect(explainError(error, quiet).text).toBe("propool: a gap (QUALITY_LEDGER)");
  });

  it.each([
    ["USAGE_X", 2],
    ["CONFIG_X", 10],
    ["MAPPING_X", 11],
    ["SOURCE_X", 12],
    ["QUALITY_X", 13],
    ["DISCLOSURE_X", 14],
    ["WAREHOUSE_X", 15],
    ["SUBMISSION_X", 16],
  ] as [ErrorCode, number][])("%s ends with exit code %i", (code, exitCode) => {
    expect(explainError(new ProError(code, "x"), quiet).exitCode).toBe(exitCode);
  });
});

describe("an error that is not ours", () => {
  const quoting = new Error(
    'Invalid Input Error: CSV Error on Line: 2\nOriginal Line: "Quellmark,1957-03-11"',
  );

  it("is a bug, and what it quotes is not shown", () => {
    const { text, exitCode } = explainError(quoting, quiet);
    expect(exitCode).toBe(1);
    expect(text).not.toMatch(/Quellmark|1957/);
    expect(text).toMatch(/an unexpected Error stopped the command/);
    expect(text).toContain("PROPOOL_DEBUG=1");
  });

  it("is not shown either where it caused one of ours", () => {
    const error = new ProError("SOURCE_UNREADABLE", "the file cannot be read", { cause: quoting });
    expect(explainError(error, quiet).text).not.toMatch(/Quellmark|1957/);
  });

  it("is shown in full on request", () => {
    const error = new ProError("SOURCE_UNREADABLE", "the file cannot be read", { cause: quoting });
    expect(explainError(error, { debug: true }).text).toContain("Quellmark");
    expect(explainError(quoting, { debug: true }).text).toContain("Quellmark");
  });

  it("need not be an Error", () => {
    expect(explainError("Quellmark", quiet).text).not.toContain("Quellmark");
    expect(explainError(null, quiet).exitCode).toBe(1);
  });

  it.each([
    "ENOSPC: no space left on device, write",
    'IO Error: Could not write all bytes to file "x": wanted=262144 wrote=4096, No space left on device',
    "Out of Memory Error: failed to offload data block (max_temp_directory_size 90% of disk)",
    "EDQUOT: disk quota exceeded, write",
  ])("is a full disk when it says so: %s", (message) => {
    const { text, exitCode, code } = explainError(new Error(message), quiet);
    expect({ exitCode, code }).toEqual({ exitCode: 15, code: "WAREHOUSE_DISK_FULL" });
    expect(text).toContain("make room and run again");
  });

  it("is a lack of memory when it says so", () => {
    const message =
      "Out of Memory Error: could not allocate block of size 256.0 KiB (953.6 MiB/953.6 MiB used)";
    expect(explainError(new Error(message), quiet).code).toBe("WAREHOUSE_MEMORY");
  });
});

it("a reader that has seen enough (| head) is no error", async () => {
  const started = startPropool("instruments", "--json");
  started.process.stdout?.destroy();
  expect(await started.ended).toEqual({ exitCode: 0, out: "", err: "" });
});
