import { z } from "zod";
import { codeLists } from "./population-schema.ts";

const covariate = z.union([
  z
    .string()
    .regex(
      /^(baseline|age|days|(sex|race|hispanic|method|mode|channel|setting)=[A-Za-z0-9_]+)$/,
      "must be baseline, age, days, or such as sex=F, method=EC, channel=portal",
    )
    .describe(
      "baseline: the score; age: years on day 0; days: day of the follow-up; sex=F: 1 for those, else 0",
    ),
  z.strictObject({
    name: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "must be a short name in lower case"),
    conditions: codeLists,
  }),
]);
export type Covariate = z.infer<typeof covariate>;

/** A regression of a study; people who lack one of its columns are not in it. */
export const modelSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "must be lower-case letters, digits and hyphens"),
    kind: z
      .enum(["linear", "logistic", "poisson", "cox"])
      .describe(
        "linear: exact in one exchange; the others by rounds (propool study round); cox: time to response",
      ),
    response: z
      .enum([
        "baseline",
        "follow_up",
        "change",
        "improved",
        "responder",
        "administrations",
        "response_time",
      ])
      .describe(
        "improved: changed by the minimal important difference; administrations: scores in the study's dates; response_time: steps of windows.course to the first response",
      ),
    covariates: z.array(covariate).min(1).max(50),
    sites: z
      .enum(["none", "fixed", "random"])
      .default("none")
      .describe("site effects: none, a column a site, or a random intercept (linear only)"),
    ties: z
      .enum(["efron", "breslow"])
      .default("efron")
      .describe("cox: how responses in the same step are counted"),
    robust: z
      .boolean()
      .default(false)
      .describe("linear: heteroscedasticity-consistent errors (HC3), in a second round"),
    exchange: z
      .enum(["rounds", "single", "surrogate"])
      .default("rounds")
      .describe(
        "single: each site's own fit, weighted, for networks that allow one exchange; surrogate: three exchanges, the largest site fits for all (ODAL, second order); both are approximate",
      ),
  })
  .refine(
    ({ exchange, kind, sites }) =>
      exchange !== "surrogate" || (["logistic", "poisson"].includes(kind) && sites === "none"),
    {
      error: "a surrogate is for logistic and poisson models with sites: none",
      path: ["exchange"],
    },
  )
  .refine(({ kind, sites }) => sites !== "random" || kind === "linear", {
    error: "a random site intercept needs kind: linear",
    path: ["sites"],
  })
  .refine(({ kind, robust, sites }) => !robust || (kind === "linear" && sites !== "random"), {
    error: "robust errors are for linear models without a random intercept",
    path: ["robust"],
  })
  .refine(
    ({ kind, response }) => (kind === "logistic") === ["improved", "responder"].includes(response),
    {
      error: "logistic goes with improved or responder, the other kinds with a number",
      path: ["response"],
    },
  )
  .refine(
    ({ kind, response, sites }) =>
      (kind === "cox") === (response === "response_time") && (kind !== "cox" || sites === "fixed"),
    {
      error:
        "cox goes with response_time and sites: fixed, because each site has a baseline of its own",
      path: ["kind"],
    },
  )
  .refine(({ kind, covariates }) => kind !== "cox" || !covariates.includes("days"), {
    error: "days of the follow-up say nothing about the time to response",
    path: ["covariates"],
  })
  .refine(
    ({ response, covariates }) => !(response === "baseline" && covariates.includes("baseline")),
    {
      error: "the response cannot be a covariate",
      path: ["covariates"],
    },
  );
export type Model = z.infer<typeof modelSchema>;
