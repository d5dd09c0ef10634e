const ORDINAL = [
  "http://hl7.org/fhir/StructureDefinition/ordinalValue",
  "http://hl7.org/fhir/StructureDefinition/itemWeight",
  "http://hl7.org/fhir/StructureDefinition/questionnaire-ordinalValue",
  "http://hl7.org/fhir/StructureDefinition/iso21090-CO-value",
];

/** Code systems under the names that exports give them, and the one under which the catalogue has them. */
const SYSTEMS: Record<string, string> = {
  "urn:oid:2.16.840.1.113883.6.1": "http://loinc.org",
  "2.16.840.1.113883.6.1": "http://loinc.org",
  "https://loinc.org": "http://loinc.org",
  "http://loinc.org/": "http://loinc.org",
  loinc: "http://loinc.org",
  "urn:oid:2.16.840.1.113883.6.96": "http://snomed.info/sct",
  "2.16.840.1.113883.6.96": "http://snomed.info/sct",
  "http://snomed.info": "http://snomed.info/sct",
  "urn:oid:2.16.840.1.113883.6.90": "http://hl7.org/fhir/sid/icd-10-cm",
  "urn:oid:2.16.840.1.113883.6.103": "http://hl7.org/fhir/sid/icd-9-cm",
  "urn:oid:2.16.840.1.113883.6.12": "http://www.ama-assn.org/go/cpt",
};

const systemArms = Object.entries(SYSTEMS)
  .map(([name, system]) => `WHEN '${name}' THEN '${system}'`)
  .join(" ");

/** Short names for what FHIR spells out at length; each is plain SQL that DuckDB expands in place. */
export const MACROS = [
  // Relative, absolute and versioned references and urn:uuid all end in the id. Patterns are slow: they are for the rarer kinds.
  `fhir_key(r) AS CASE WHEN contains(r, '/_history/') OR contains(r, ':')
    THEN regexp_extract(regexp_replace(r, '/_history/.*$', ''), '([^/:]+)$', 1) ELSE split_part(r, '/', -1) END`,
  `fhir_type(r) AS CASE WHEN contains(r, '/_history/') OR contains(r, ':')
    THEN nullif(regexp_extract(regexp_replace(r, '/_history/.*$', ''), '([A-Za-z]+)/[^/]+$', 1), '')
    WHEN contains(r, '/') THEN nullif(split_part(r, '/', -2), '') END`,
  `fhir_ordinal(e) AS list_filter(e, lambda x: x.url IN (${ORDINAL.map((url) => `'${url}'`).join(", ")}))[1].valueDecimal`,
  "fhir_absent(e) AS list_filter(e, lambda x: x.url = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason')[1].valueCode",
  // Who answered a question or a group of them, where it was somebody else than the form says.
  "fhir_author(e) AS fhir_type(list_filter(e, lambda x: x.url = 'http://hl7.org/fhir/StructureDefinition/questionnaireresponse-author')[1].valueReference.reference)",
  "fhir_number(t) AS TRY_CAST(t AS DECIMAL(18,6))",
  // A number that is none, or too large for one, goes on as a text: so the mapping sees an answer and refuses it.
  "fhir_no_number(t) AS CASE WHEN fhir_number(t) IS NULL THEN t END",
  "loinc_in(t) AS nullif(regexp_extract(t, '(?:^|[^0-9])([0-9]{3,7}-[0-9])(?:$|[^0-9])', 1), '')",
  `fhir_system(s) AS CASE WHEN s = 'http://loinc.org' THEN s WHEN s IS NULL THEN NULL
    ELSE CASE lower(trim(s)) ${systemArms} ELSE nullif(trim(s), '') END END`,
  // DSTU2 has a list of family names, which arrives as its text.
  "fhir_family(f) AS CASE WHEN starts_with(f, '[') THEN array_to_string(TRY_CAST(f AS VARCHAR[]), ' ') ELSE f END",
  "fhir_code(c) AS nullif(trim(c), '')",
  // A concept that is a text alone is known by it; longer ones are no name of an item.
  "fhir_code_or_text(coding, t) AS coalesce(fhir_code(coding.code), CASE WHEN length(t) <= 80 THEN fhir_code(t) END)",
  "fhir_coding(c) AS coalesce(list_filter(c, lambda x: fhir_system(x.system) = 'http://loinc.org')[1], c[1])",
  // Extensions differ too much to be read strictly; a JSON path finds the value wherever it stands. DSTU2 had US Core's elsewhere.
  "us_core(e, name) AS list_filter(e, lambda x: ends_with(x->>'url', '/us-core-' || name))[1]",
  // The categories of race or ethnicity, without their text and their more precise names.
  `us_core_categories(x) AS list_distinct(list_append(
    list_transform(list_filter(CAST(x->'$.extension' AS JSON[]), lambda y: (y->>'url') = 'ombCategory'), lambda y: y->>'$.valueCoding.code'),
    x->>'$.valueCodeableConcept.coding[0].code'))`,
  // The name or address that holds: an official or usual one, otherwise one that is not known to be an old or invented one.
  `fhir_in_use(l) AS coalesce(list_filter(l, lambda x: x."use" = 'official')[1], list_filter(l, lambda x: x."use" = 'usual')[1],
    list_filter(l, lambda x: coalesce(x."use", '') NOT IN ('old', 'maiden', 'nickname', 'anonymous', 'temp'))[1], l[1])`,
  "is_ssn(i) AS coalesce(i.system IN ('http://hl7.org/fhir/sid/us-ssn', 'urn:oid:2.16.840.1.113883.4.1'), false) OR coalesce(i.type.coding[1].code = 'SS', false)",
  // One concept or a list of them, from STU3 to R5; only what looks like a code, because words may name a place.
  `fhir_concept(j) AS regexp_extract(coalesce(j->>'$[0].coding[0].code', j->>'$.coding[0].code', j->>'$[0].concept.coding[0].code', j->>'$.concept.coding[0].code'), '^[A-Za-z0-9.-]{1,20}$')`,
  // Where a version stands among others: its instant, and among equal ones its number. One that says neither comes first.
  `fhir_version(m) AS struct_pack(
    at := coalesce(CASE WHEN regexp_matches(m.lastUpdated, '(Z|[+-][0-9]{2}:?[0-9]{2})$') THEN epoch_us(TRY_CAST(m.lastUpdated AS TIMESTAMPTZ))
      ELSE epoch_us(TRY_CAST(m.lastUpdated AS TIMESTAMP)) END, -1),
    number := coalesce(TRY_CAST(m.versionId AS BIGINT), -1))`,
];
