import { ANSWER_RELATIONS } from "./answer-relations.ts";
import { CDM_RELATIONS } from "./cdm-relations.ts";
import { HISTORY_RELATIONS, NETWORK_RELATIONS } from "./history-relations.ts";
import { NIGHT_RELATIONS } from "./night-relations.ts";
import type { Relation } from "./relation.ts";
import { STORE_RELATIONS } from "./store-relations.ts";

const ALL = {
  ...CDM_RELATIONS,
  ...STORE_RELATIONS,
  ...ANSWER_RELATIONS,
  ...HISTORY_RELATIONS,
  ...NETWORK_RELATIONS,
  ...NIGHT_RELATIONS,
};
export type RelationName = keyof typeof ALL;

/** Every relation that a check can be made over, by the name that stands in its `over:`. */
export const RELATIONS: Readonly<Record<RelationName, Relation>> = ALL;
