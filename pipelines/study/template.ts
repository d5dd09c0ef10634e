/** A study file with a comment at every key, as `propool study new` writes it. */
export function studyTemplate(id: string): string {
  return `id: ${id}
title: "Depression: first score, and change after three months"

# The score that is studied: a file of mappings/instruments and one of its scores. Several: outcomes: [{ ... }, { ... }]
measure: { instrument: phq-9, score: total }

# Who counts. Everything left out means everybody.
population:
  age: { min: 18 } # completed years on day 0; people without a birth date are left out
  # sex: [F, M] # codes of DEMOGRAPHIC.SEX
  # sites: [SITEA, SITEB]
  # dates: { from: 2024-01-01, to: 2024-12-31 } # days on which day 0 may fall
  # conditions: # people with a condition of one of these lists, recorded at any time; F32* is every code that begins so
  #   - { code_system: "http://hl7.org/fhir/sid/icd-10-cm", codes: ["F32*", "F33*"] }

# Day 0 of a person: the first score of the measure in those dates.
index: { event: first_administration }

# Days from day 0. In each window the score nearest to the target counts, the earlier one on ties.
windows:
  baseline: { days: [0, 0] }
  follow_up: { target: 90, days: [60, 120] }

strata: [sex] # none: []
# statistics: [count, moments, distribution, change, improved] # left out: all that the study allows

disclosure: minimum-11 # a file of mappings/disclosure
include_linked: false # whether scores that come from a crosswalk count
include_provisional: false # whether scores count whose rule or table is of less than high confidence
`;
}
