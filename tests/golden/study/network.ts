import type { Person } from "./cohorts.ts";

/** A small generator whose numbers do not change from run to run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** Invented people of some sites, enough for models: PHQ-9 on day 0, most again after 90 and some after 180 days. */
export function network(sites: readonly string[], peopleAtSite: number): Person[] {
  return sites.flatMap((site, s) => {
    const next = random(s * 7919 + 17);
    const whole = (below: number) => Math.floor(next() * below);
    return Array.from({ length: peopleAtSite }, (_, i): Person => {
      const age = 20 + whole(60);
      const baseline = Math.min(27, 4 + s + whole(20));
      const sex = next() < 0.6 ? "F" : "M";
      const later = (share: number, drop: number) =>
        next() < share ? Math.max(0, Math.min(27, baseline - drop + whole(9) - 3)) : null;
      const depressed = next() < 0.4;
      const scores = [
        { date: "2024-01-10", value: baseline },
        { date: "2024-04-09", value: later(0.7, depressed ? 9 : 6) },
        { date: "2024-07-08", value: later(0.5, 8) },
      ].filter((score): score is { date: string; value: number } => score.value !== null);
      return {
        site,
        patid: `${site}${i}`,
        sex,
        birthDate: `${2024 - age}-01-02`,
        conditions: depressed ? [{ code: "F32.1", type: "10" }] : [],
        scores,
      };
    });
  });
}

/** A study that asks for everything a network of that kind can answer. */
export const NETWORK_STUDY = `id: everything
title: "Everything that rows of this kind can answer"
measure: { instrument: phq-9, score: total, responder: { percent: 50, among: 10 } }
population: { dates: { to: 2024-03-31 } }
windows:
  follow_up:
    - { target: 90, days: [60, 120] }
    - { target: 180, days: [150, 210] }
  course: { days: 210, step: 30 }
strata: [sex]
models:
  - id: plain
    kind: linear
    response: follow_up
    covariates: [baseline, age, "sex=F", { name: depressed, conditions: [{ code_system: "http://hl7.org/fhir/sid/icd-10-cm", codes: ["F32*"] }] }]
  - { id: robust, kind: linear, response: change, covariates: [baseline, age], sites: fixed, robust: true }
  - { id: mixed, kind: linear, response: follow_up, covariates: [baseline, age], sites: random }
  - { id: responds, kind: logistic, response: responder, covariates: [baseline, age] }
  - { id: when, kind: cox, response: response_time, covariates: [baseline, age, "sex=F"], sites: fixed }
  - { id: surrogate, kind: logistic, response: responder, covariates: [baseline, age], exchange: surrogate }
`;

/** The same with other models. */
export const DESCRIPTIVE_STUDY = `${NETWORK_STUDY.slice(0, NETWORK_STUDY.indexOf("models:"))}models:
  - { id: by-site, kind: logistic, response: responder, covariates: [baseline, age], sites: fixed }
  - { id: once, kind: logistic, response: responder, covariates: [baseline], exchange: single }
  - { id: counts, kind: poisson, response: administrations, covariates: [baseline, age] }
`;
