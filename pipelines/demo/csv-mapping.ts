import { stringify } from "yaml";
import type { Catalogue } from "../catalogue/read.ts";
import { columnOf, SURVEY } from "./csv-site.ts";

const US_DATE = "%m/%d/%Y";

/** SUMMIT's mapping file: what the columns of its two files mean. */
export function csvMappingText(catalogue: Catalogue): string {
  const mapping = {
    source: "Summit Health, REDCap project export and patient list (invented for the demo)",
    reviewed: null,
    files: [
      {
        match: "patients.csv",
        kind: "patients",
        columns: {
          patient_key: "record_id",
          mrn: "mrn",
          given_name: "first_name",
          family_name: "last_name",
          birth_date: { column: "dob", date_format: US_DATE },
          sex: "sex",
          race: "race",
          ethnicity: "ethnicity",
          language: "language",
          address: "address",
          city: "city",
          state_code: "state",
          zip: "zip",
          phone: "phone",
          email: "email",
        },
      },
      {
        match: "survey.csv",
        kind: "wide",
        columns: {
          patient_key: "record_id",
          answered_at: { column: "visit_date", date_format: US_DATE },
          method: "mode",
          mode: "completed_by",
          channel: "mode",
          language: "language",
        },
        instruments: SURVEY.map((form) => ({
          instrument: form.id,
          source_id: ["record_id", "redcap_event_name"],
          answered_at: { column: `${form.prefix}_timestamp`, date_format: "%Y-%m-%d %H:%M" },
          status: `${form.prefix}_complete`,
          items: itemColumns(form.id, catalogue),
          ...(Object.keys(form.scores).length > 0 ? { scores: form.scores } : {}),
          ...(form.id === "phq-9" ? { free_text: [{ item: "comment", column: "comments" }] } : {}),
        })),
      },
    ],
  };
  return `# How the export of this site becomes intake tables; written by propool demo.\n${stringify(mapping, { lineWidth: 110 })}`;
}

function itemColumns(id: string, catalogue: Catalogue): Record<string, string> {
  const items = catalogue.instruments.find((one) => one.id === id)?.items ?? [];
  return Object.fromEntries(items.map((item) => [item.id, columnOf(item.id)]));
}
