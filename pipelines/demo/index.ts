export { DEFECTS, type DefectName, type Place, type PlantedDefect } from "./defects.ts";
export { type DemoNetwork, type DemoRequest, type DemoSite, generateNetwork } from "./generate.ts";
export { networkStudy } from "./study.ts";
