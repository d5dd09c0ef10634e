import { stringify } from "yaml";
import { ownSchemaLine } from "./schema-line.ts";

/** The configuration files that `propool init` writes; every key has its comment. */

export interface SiteTemplate {
  site: string;
  name: string;
  network: string;
  format: "fhir" | "ccda" | "csv";
  /** The hub's public key: age1… */
  hubKey?: string;
}

export function siteTemplate({ site, name, network, format, hubKey }: SiteTemplate): string {
  const mapping = format === "csv" ? "mapping: mapping.yaml" : "# mapping: mapping.yaml";
  return `${ownSchemaLine("site")}# A site of a propool network. Checked by propool: an unknown key is an error.

# The site's id in the network: 1 to 10 capital letters or digits (DATAMARTID).
site: ${plain(site)}
# Its name, at most 20 characters (DATAMART_NAME).
name: ${JSON.stringify(name)}
# The network's id (NETWORKID).
network: ${plain(network)}

# What the export folder holds: fhir (NDJSON, Bundles, resources), ccda (XML documents, XDM packages) or csv.
format: ${format}
# The folder with the export's files, inside this folder.
export: export
# What the columns mean; needed for csv.
${mapping}

# centralized: de-identified rows go to the hub, through outbox/.
# distributed: rows stay here; only study summaries leave.
mode: centralized
# The hub's public key, as propool init hub prints it: submissions are encrypted to it. Without it nothing is sent.
${hubKey ? `hub_key: ${hubKey}` : "# hub_key: age1..."}
# Which columns leave and how: a profile of mappings/privacy.
privacy: shifted
# Whose data may be used. A FHIR Consent, a column "consent" and a list (patient_key,decision,purpose,decided_at) decide.
# consent:
#   rule: opt-in        # only who agreed; left out: opt-out, everybody but who refused
#   purpose: research   # or quality-improvement, surveillance
#   list: consent.csv

# Linkage tokens, by which the hub sees that two sites know one person, are made where keys/linkage.key is (propool keys).
# linkage:
#   project: ${plain(network)}   # whose sites share the key; left out: the network
#   epoch: "1"        # counted up together at all sites to make new tokens
#   bloom_filters:    # finds misspelt names too, and every standard encoding has been broken: propool explain clk
#     broker: age1... # the linkage broker, who is not the hub: gets broker/${plain(site)}-clk.csv.age

# What holds where the source is silent. Rows carry the origin "assumed".
# defaults:
#   pro_method: EC      # PA paper, EC electronic, PH telephone, IV telephone with voice response
#   pro_mode: SF        # SF self, SA self with assistance, PR proxy, PA proxy with assistance
#   pro_source: OD      # OD order or EHR, SR survey system
#   setting: clinic
#   language: en

# Where the site's clocks stand, for times in the export that say no offset.
# time_zone: America/Denver

# This site's own words for coded fields, beside those that propool knows.
# words:
#   sex: { "1": M, "2": F }
#   pro_method: { "touch screen": EC }

# Instruments that load though they are no patient-reported outcomes: rated by clinicians (glasgow-coma, bims), social needs
# (hunger-vital-sign) or disability (disability-cubs). Left out, they are counted as out of scope.
# instruments: [glasgow-coma]

# Questionnaires that were begun and not finished: leave them (counted as out of scope), or load them as incomplete.
# unfinished: load
${
  format === "fhir"
    ? `
# What patients measure themselves with devices and apps and that should load: steps, weight, blood pressure at home.
# observations:
#   - { code: "41950-7", table: obs_gen }               # steps
#   - { code: "29463-7", table: obs_clin, source: PD }  # weight; the export does not say who measured: the patient's device
`
    : ""
}${
  format === "ccda"
    ? `
# Where only a total is coded, its items are read from the section's text table; their origin is then "narrative".
# ccda:
#   narrative: false    # do not
`
    : ""
}
# Local item codes that a data steward has approved.
# codes:
#   - { code: LOCAL-PHQ-1, instrument: phq-9, item: PHQ9_1 }
`;
}

/** Quoted only where YAML would take it for something else than a text: NO, 007. */
const plain = (value: string) => stringify(value, { lineWidth: 0, version: "1.1" }).trim();

export function csvMappingTemplate(): string {
  return `${ownSchemaLine("csv-mapping")}# What the columns of this site's CSV files mean. See the README, "Start with your own export".
# A wide file has one row an administration and one column an item.
reviewed: null
files:
  - match: patients.csv
    kind: patients
    columns:
      patient_key: record_id
      birth_date: { column: dob, date_format: "%Y-%m-%d" }
      sex: sex
  - match: survey.csv
    kind: wide
    columns:
      patient_key: record_id
    instruments:
      - instrument: phq-9
        answered_at: { column: phq9_timestamp, date_format: "%Y-%m-%d %H:%M" }
        items:
          PHQ9_1: phq9_1
          PHQ9_2: phq9_2
          PHQ9_3: phq9_3
          PHQ9_4: phq9_4
          PHQ9_5: phq9_5
          PHQ9_6: phq9_6
          PHQ9_7: phq9_7
          PHQ9_8: phq9_8
          PHQ9_9: phq9_9
        scores: { total: phq9_total }
`;
}

export interface HubTemplate {
  network: string;
  name: string;
  /** Sites that are known already; `inbox` is relative to the hub's folder. */
  sites?: { site: string; publicKey: string; tokenKeyFingerprint: string; inbox: string }[];
}

export function hubTemplate({ network, name, sites = [] }: HubTemplate): string {
  const lines = sites.map(
    ({ site, publicKey, tokenKeyFingerprint, inbox }) =>
      `  - site: ${plain(site)}\n    public_key: "${publicKey}"\n    token_key_fingerprint: "${tokenKeyFingerprint}"\n    inbox: ${JSON.stringify(inbox)}`,
  );
  return `${ownSchemaLine("hub")}# The hub of a propool network: it verifies what sites send and publishes the pooled warehouse.

# The network's id (NETWORKID) and name.
network: ${plain(network)}
name: ${JSON.stringify(name)}

# Where the pooled rows live: a DuckDB file inside this folder, or a PostgreSQL database
# (postgres://loader@host/database; the password comes from PGPASSWORD or ~/.pgpass).
warehouse: duckdb:warehouse/warehouse.duckdb
# How many publications of a DuckDB warehouse are kept, to go back to: propool pool --publish <n>
# publications: 7

# People who attend several sites get one personid where their linkage tokens match; off: each site's people stay apart.
# linkage: off

# Who may submit: the site's id, its public key and the fingerprint of its token key as propool init site prints them, and the
# folder in which its submissions arrive.
${lines.length > 0 ? `sites:\n${lines.join("\n")}` : `sites: []\n#  - site: RIVER\n#    public_key: "..."\n#    token_key_fingerprint: "..."\n#    inbox: inbox/RIVER`}
`;
}
