/** The demo's study file: how the four scores are, and how they change in three months. */
export function networkStudy(): string {
  return `# The demo's study. It runs on the pooled rows, or site by site on each store; the answers are the same.
id: change-at-90-days
title: "Depression, anxiety and global health: first visit and change after 90 days"
outcomes:
  - { instrument: phq-9, score: total }
  - { instrument: gad-7, score: total }
  - { instrument: promis-global-10, score: gph_t }
  - { instrument: promis-global-10, score: gmh_t }
complete_scores: true # the two scores of one questionnaire are of the same people
index:
  event: first_administration # a person's first score is day 0
windows:
  baseline:
    days: [0, 0]
  follow_up: # the score nearest to day 90
    target: 90
    days: [60, 120]
statistics: [count, moments, distribution, change]
disclosure: minimum-11
`;
}
