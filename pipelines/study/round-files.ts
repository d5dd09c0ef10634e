import { z } from "zod";
import { ProError } from "../core/errors.ts";
import type { RoundState, SiteRound } from "../statistics/rounds.ts";
import { readSigned } from "./summary.ts";

export const ROUND_FORMAT = "propool-round/1";
export const ROUND_ANSWER_FORMAT = "propool-round-answer/1";

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const signature = { signed_by: z.string(), signature: z.string() };

interface SchemaParts {
  state: z.ZodType<RoundState>;
  answer: z.ZodType<SiteRound>;
}

const numbers = z.array(z.number());

/** What the hub asks of one model in a round: sums at coefficients, or the middle of robust errors. */
export function roundSchemas({ state, answer }: SchemaParts) {
  const place = { outcome: z.int().min(0), model: z.string() };
  const ask = z.strictObject({
    ...place,
    state: state.optional(),
    middle: z
      .strictObject({
        sites: z.array(z.string()),
        beta: numbers,
        inverse: z.array(numbers),
      })
      .optional(),
  });
  const done = z.strictObject({ ...place, result: z.unknown() });
  return {
    request: z.strictObject({
      format: z.literal(ROUND_FORMAT),
      round: z.int().min(1).max(30),
      study: z.strictObject({ id: z.string(), sha256: hex, text: z.string() }),
      asks: z.array(ask),
      done: z.array(done).describe("models that need no further round"),
      ...signature,
    }),
    answer: z.strictObject({
      format: z.literal(ROUND_ANSWER_FORMAT),
      round: z.int().min(1),
      request_sha256: hex,
      site: z.string().regex(/^[A-Z0-9]{1,10}$/),
      answers: z.array(
        z.strictObject({
          ...place,
          sums: answer.optional(),
          middle: numbers.optional(),
          refused: z.string().optional(),
        }),
      ),
      ...signature,
    }),
  };
}

/** @throws ProError `SUBMISSION_ROUND` */
export async function readRoundFile<T>(
  file: string,
  schema: z.ZodType<T>,
): Promise<{ content: T; signed: object; file: string }> {
  const hint = "ask for the file again, or begin the rounds anew in an empty folder";
  const signed = await readSigned(file, { what: "round file", hint });
  const parsed = schema.safeParse(signed);
  if (parsed.success) return { content: parsed.data, signed, file };
  const pointer = parsed.error.issues[0]?.path.join(".") || "(top level)";
  throw new ProError("SUBMISSION_ROUND", `the round file does not fit its format at ${pointer}`, {
    where: { file },
    hint,
  });
}
