/** A study file with a comment at every key, as `propool study new` writes it. */
export function studyTemplate(id: string): string {
  return `id: ${id}
title: "Depression: first score, and change after three months"

# The score that is studied: a file of mappings/instruments and one of its scores. Several: outcomes: [{ ... }, { ... }]
measure:
  instrument: phq-9
  score: total
  # responder: { percent: 50, among: 10 } # or { change: mid }, { change: 5 }, { below: 5 }, { at_least: 50 }; among: who starts at this or worse

# Who counts. Everything left out means everybody.
population:
  age: { min: 18 } # completed years on day 0; people without a birth date are left out
  # sex: [F, M] # codes of DEMOGRAPHIC.SEX
  # sites: [SITEA, SITEB]
  # dates: { from: 2024-01-01, to: 2024-12-31 } # days on which day 0 may fall
  # measures: [gad-7] # people with a score of each of these too, at any time
  # conditions: # people with a condition of one of these lists, recorded at any time; F32* is every code that begins so
  #   - { code_system: "http://hl7.org/fhir/sid/icd-10-cm", codes: ["F32*", "F33*"] }
  # procedures:
  #   - { code_system: "http://www.ama-assn.org/go/cpt", codes: ["27447"] }

people: records # linked: who attends several sites counts once; on a hub's rows with linkage on only

# Which administrations count, by how they were collected; left out: all.
# collection: { mode: [SF], method: [EC], channel: [portal, tablet], setting: [home] }

# Day 0 of a person: the first score of the measure in those dates. Or { event: procedure, codes: [...] },
# { event: diagnosis, codes: [...] }, { event: date, date: 2024-07-01 }
index: { event: first_administration }

# Days from day 0. In each window the score nearest to the target counts, the earlier one on ties.
windows:
  baseline: { days: [0, 0] }
  follow_up: { target: 90, days: [60, 120] } # a list of several gives a trajectory; the first is the main one
  complete_pairs: false # true: only people with that follow-up count at all, so that none is hidden because a few lack it
  # course: { days: 365, step: 30 } # time to response, with a responder rule

strata: [sex] # none: []; also race, hispanic, method, mode, channel, setting, { age: [40, 65] }; site on pooled rows
# statistics: [count, moments, distribution, change, improved] # left out: all that the study allows (propool study explain)

# models: # regressions; linear ones are exact in one exchange, the others need rounds
#   - { id: change, kind: linear, response: change, covariates: [baseline, age, "sex=F"], sites: fixed, robust: true }
#   - { id: improved, kind: logistic, response: improved, covariates: [baseline, age] }
#   - { id: when, kind: cox, response: response_time, covariates: [baseline, age], sites: fixed } # with windows.course

disclosure: minimum-11 # a file of mappings/disclosure
complete_scores: false # true: an administration counts only with all of the study's scores of its instrument, so that one does not hide the other
include_linked: false # whether scores that come from a crosswalk count
include_provisional: false # true, or [instrument, ...]: whether scores count whose rule or table is provisional
`;
}
