import type { StudyResults } from "./results.ts";

/** One row of a results table: a number with all that must travel with it. */
export interface FlatRow {
  instrument: string;
  score: string;
  scale: string;
  direction: string;
  /** "provisional linked": kinds of scores that count beside measured, well-sourced ones. */
  flags: string;
  stratum: string;
  statistic: string;
  estimate: string;
  state: string;
  value: number | null;
  low: number | null;
  high: number | null;
  se: number | null;
  p: number | null;
  people: number | null;
  sites: string;
  suppressed_at: string;
  unavailable_at: string;
  exactness: string;
  note: string | null;
}

/** Estimates, site comparisons and models as rows of one table. */
export function flattenResults({ outcomes }: StudyResults): FlatRow[] {
  return outcomes.flatMap(
    ({ instrument, score, scale, flags, rows, comparisons, models }): FlatRow[] => {
      const frame = {
        instrument,
        score,
        scale: scale.scale,
        direction: scale.direction,
        flags: flags.join(" "),
      };
      const none = { low: null, high: null, se: null, p: null, note: null };
      return [
        ...rows.map((row) => ({
          ...frame,
          ...none,
          stratum: row.stratum,
          statistic: row.statistic,
          estimate: row.estimate,
          state: row.state,
          value: row.value,
          low: row.interval?.[0] ?? row.between?.[0] ?? null,
          high: row.interval?.[1] ?? row.between?.[1] ?? null,
          people: row.people,
          sites: row.sites.join(" "),
          suppressed_at: row.suppressedAt.join(" "),
          unavailable_at: row.unavailableAt.join(" "),
          exactness: row.state === "shown" ? (row.exact ? "exact" : "approximate") : "",
          note: row.note,
        })),
        ...comparisons.flatMap(({ statistic, estimate, sites, without, meta, refused }) => {
          const of = {
            ...frame,
            ...none,
            statistic: `sites: ${statistic}`,
            suppressed_at: without.join(" "),
            unavailable_at: "",
          };
          return [
            ...sites.map(({ site, value, se, people }) => ({
              ...of,
              stratum: `site=${site}`,
              estimate,
              state: "shown",
              value,
              se,
              people,
              sites: site,
              exactness: "exact",
            })),
            {
              ...of,
              stratum: "between",
              estimate: "random-effects mean (REML)",
              state: meta ? "shown" : "refused",
              value: meta?.reml.estimate ?? null,
              se: meta?.reml.hartungKnapp.se ?? null,
              low: meta?.reml.hartungKnapp.interval[0] ?? null,
              high: meta?.reml.hartungKnapp.interval[1] ?? null,
              people: sites.reduce((sum, { people }) => sum + people, 0),
              sites: sites.map(({ site }) => site).join(" "),
              exactness: "approximate",
              note: refused,
            },
          ];
        }),
        ...models.flatMap((model) => {
          const of = {
            ...frame,
            ...none,
            stratum: "all",
            statistic: `model: ${model.id}`,
            people: model.fit?.n ?? null,
            sites: model.sites.join(" "),
            suppressed_at: model.suppressedAt.join(" "),
            unavailable_at: model.unavailableAt.join(" "),
            exactness: model.exactness,
            note: model.note,
          };
          if (!model.fit) return [{ ...of, estimate: "", state: model.state, value: null }];
          return [
            ...model.fit.coefficients.map(({ name, value, se, interval, p }) => ({
              ...of,
              estimate: name,
              state: "shown",
              value,
              se,
              low: interval?.[0] ?? null,
              high: interval?.[1] ?? null,
              p,
            })),
            ...model.fit.facts.map(({ name, value }) => ({
              ...of,
              estimate: name,
              state: value === null ? "undefined" : "shown",
              value,
            })),
          ];
        }),
      ];
    },
  );
}
