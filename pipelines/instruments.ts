import type { Instrument } from "./catalogue/instrument.ts";
import { type Catalogue, readCatalogueOf, scoresOf } from "./catalogue/read.ts";
import { ProError } from "./core/errors.ts";
import { type Link, ownCrosswalks, readCrosswalks } from "./crosswalk/read.ts";

/** What the catalogue says of an instrument, and the crosswalks that start from it or lead to it. */
export interface Described {
  instrument: Instrument;
  file: string;
  /** It is the site's own. */
  isOwn: boolean;
  links: Link[];
}

/**
 * The instruments that a site or hub knows; without a folder, ours.
 *
 * @throws ProError `CONFIG_INSTRUMENT` for an id that is not known.
 */
export async function describeInstruments(
  directory: string | null,
  id?: string,
): Promise<Described[]> {
  const catalogue = await readCatalogueOf(directory);
  const links = await readCrosswalks(scoresOf(catalogue), directory && ownCrosswalks(directory));
  const wanted = catalogue.instruments.filter((one) => id === undefined || one.id === id);
  if (wanted.length === 0) {
    throw new ProError("CONFIG_INSTRUMENT", `there is no instrument ${id}`, {
      hint: `known: ${catalogue.instruments.map((one) => one.id).join(", ")}`,
    });
  }
  return wanted.map((instrument) => describe(instrument, catalogue, links));
}

function describe(instrument: Instrument, { files, own }: Catalogue, links: Link[]): Described {
  const { id } = instrument;
  return {
    instrument,
    file: files.get(id) ?? "",
    isOwn: own.has(id),
    links: links.filter(({ from, to }) => from.instrument === id || to.instrument === id),
  };
}
