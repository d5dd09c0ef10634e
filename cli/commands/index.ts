import type { AddCommand } from "../command.ts";
import { addCheck } from "./check.ts";
import { addCrosswalk } from "./crosswalk.ts";
import { addDemo } from "./demo.ts";
import { addDoctor } from "./doctor.ts";
import { addExplain } from "./explain.ts";
import { addExport } from "./export.ts";
import { addInit } from "./init.ts";
import { addInstruments } from "./instruments.ts";
import { addKeys } from "./keys.ts";
import { addPlan } from "./plan.ts";
import { addPool } from "./pool.ts";
import { addPreview } from "./preview.ts";
import { addProfile } from "./profile.ts";
import { addQuery } from "./query.ts";
import { addReport } from "./report.ts";
import { addRisk } from "./risk.ts";
import { addRun } from "./run.ts";
import { addStudy } from "./study.ts";
import { addSuggest } from "./suggest.ts";
import { addWithdraw } from "./withdraw.ts";

/** The commands, in the order of the help. */
export const COMMANDS: readonly AddCommand[] = [
  addDemo,
  addInit,
  addKeys,
  addDoctor,
  addInstruments,
  addCrosswalk,
  addProfile,
  addSuggest,
  addPreview,
  addExplain,
  addPlan,
  addRun,
  addCheck,
  addRisk,
  addWithdraw,
  addPool,
  addReport,
  addQuery,
  addExport,
  addStudy,
];
