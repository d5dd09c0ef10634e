/**
 * Invented people's names. No word that also stands in an answer list or a site's name, so that a name found in what left a site is a leak
 * and no coincidence; some with the letters and signs that break careless exports.
 */
export const GIVEN = {
  female: listed(`
    Abigail, Adriana, Aisha, Alejandra, Amelia, Anika, Beatriz, Bernadette, Bianca, Brigitte,
    Camila, Carolyn, Cecilia, Charlotte, Chloé, Danielle, Deborah, Delphine, Dolores, Dorothea,
    Eleanor, Elena, Emilia, Esther, Fatima, Fiona, Gabriela, Genevieve, Gloria, Hannah, Harriet,
    Helen, Ingrid, Isabel, Jacqueline, Jasmine, Josephine, Juanita, Judith, Katarina, Kimberly,
    Kristina, Latoya, Leilani, Lucinda, Magdalena, Marguerite, Marisol, Martha, Mathilde, Miriam,
    Monique, Nadia, Natalia, Nicolette, Octavia, Patricia, Penelope, Priscilla, Rachel, Rebecca,
    Renée, Rosalind, Samantha, Shanice, Siobhan, Sofía, Stephanie, Tamara, Theresa, Ursula,
    Valentina, Veronica, Virginia, Wilhelmina, Yolanda, Zainab`),
  male: listed(`
    Abdullah, Adrian, Alejandro, Ambrose, Andrew, Anselm, Antonio, Augustus, Bartholomew, Benjamin,
    Bernard, Cameron, Cedric, Christopher, Clarence, Cornelius, Curtis, Damian, Demetrius, Desmond,
    Dominic, Edmund, Eduardo, Elijah, Emmanuel, Ernest, Fernando, Francis, Frederick, Gerald,
    Giovanni, Gregory, Gustavo, Harold, Hassan, Horace, Ignacio, Isaiah, Jamal, Jeremiah, Joaquín,
    Jonathan, José, Kenneth, Lawrence, Leonard, Leopold, Luther, Malcolm, Marcus, Matthias,
    Maximilian, Mohammed, Nathaniel, Nicholas, Octavio, Orlando, Oswald, Patrick, Percival, Quentin,
    Rafael, Raymond, Reginald, Ricardo, Roderick, Rupert, Salvador, Sebastian, Solomon, Terrence,
    Theodore, Thomas, Tobias, Vincent, Walter, Xavier, Zachary`),
} as const;

export const FAMILY = listed(`
  Abernathy, Achebe, Adeyemi, Aguilar, Alvarez, Amundsen, Anderson, Arceneaux, Baptiste, Bergström,
  Bianchi, Blackwood, Bogdanov, Boudreaux, Bramwell, Brennan, Caldwell, Callahan, Castellano,
  Chaudhary, Christensen, Contreras, Cunningham, Dahlberg, Delacroix, Delgado, Desrosiers, Dietrich,
  Dombrowski, Donnelly, Eberhardt, Echeverría, Eisenberg, Ellingson, Escobar, Espinoza, Fairbanks,
  Feldman, Ferguson, Fitzgerald, Fontaine, Fredrickson, Gallagher, Garrison, Ghosh, Gilmartin,
  Goldstein, Gonzalez, Grigoryan, Gustafson, Gutierrez, Haddad, Halvorson, Hammond, Hargreaves,
  Hartmann, Hayashi, Hendricks, Hernandez, Herrera, Hoffmann, Holmquist, Huang-Ortiz, Ibrahim,
  Ivanova, Jablonski, Jaramillo, Jefferson, Johansson, Kapoor, Karlsson, Kaufmann, Kowalski,
  Krishnan, Kuznetsov, Lafayette, Lindqvist, Lombardi, Lundgren, MacAllister, Magnusson, Mahoney,
  Marchetti, Martinez, McCormick, Mendoza, Mikkelsen, Montgomery, Morales, Moriarty, Mukherjee,
  Müller, Nakamura, Navarro, Nguyen, Nkemelu, Núñez, O'Brien, O'Connell, Okafor, Olawale,
  Oppenheimer, Ostrowski, Palmeira, Papadopoulos, Pemberton, Peña, Petersen, Pfeiffer, Quackenbush,
  Quintero, Ramachandran, Redfeather, Reinhardt, Rodriguez, Rosenthal, Rutherford, Sandoval,
  Schneider, Schwartz, Shevchenko, Silverstein, Sinclair, Sorensen, St. Clair, Stojanović,
  Sutherland, Takahashi, Thibodeaux, Thorvaldsen, Toussaint, Underhill, Valenzuela, Van der Berg,
  Vasquez, Villanueva, Vongsa, Wachowski, Washington, Weatherby, Whitaker, Wieczorek, Winthrop,
  Yamamoto, Yellowhawk, Youngblood, Zamora, Zimmerman`);

export const STREETS = listed(`
  Aldrich Ave, Birchwood Ln, Cedar Bluff Rd, Dakota Trl, Elmhurst St, Fremont Ave, Granite Ct,
  Hawthorne St, Iron Range Rd, Juniper Way, Kenwood Pkwy, Lakeview Dr, Marshall Ter, Nicollet Pl,
  Old Mill Rd, Prairie Rose Ln, Quarry Rd, Ridgewood Ave, Sherwood Cir, Tamarack Dr, Upland Crest,
  Voyageur Blvd, Walnut St, Xerxes Ave, York Ave`);

/**
 * Towns with real ZIP prefixes and area codes, so that rules about them have something to bite on: 556 holds fewer than 20,000
 * people, so that its ZIP3 may not leave.
 */
export const TOWNS: readonly {
  city: string;
  zips: readonly string[];
  area: string;
  weight: number;
}[] = [
  {
    city: "Minneapolis",
    zips: ["55405", "55406", "55408", "55409", "55410", "55412", "55417"],
    area: "612",
    weight: 34,
  },
  {
    city: "Saint Paul",
    zips: ["55101", "55104", "55105", "55106", "55116", "55117"],
    area: "651",
    weight: 24,
  },
  { city: "Duluth", zips: ["55803", "55804", "55806", "55811"], area: "218", weight: 12 },
  { city: "Rochester", zips: ["55901", "55902", "55904", "55906"], area: "507", weight: 12 },
  { city: "Saint Cloud", zips: ["56301", "56303", "56304"], area: "320", weight: 10 },
  { city: "Mankato", zips: ["56001"], area: "507", weight: 6 },
  { city: "Grand Marais", zips: ["55604"], area: "218", weight: 1 },
  { city: "Two Harbors", zips: ["55616"], area: "218", weight: 1 },
];

export const STATE = "MN";

/** The names of a text, comma separated. */
function listed(text: string): readonly string[] {
  return text.split(",").map((name) => name.trim());
}
