import { parentPort } from "node:worker_threads";
import type { WorkerMessage } from "./adapters/xml/pool.ts";
import { type Batch, type BatchCounted, countBatch } from "./profile-ccda.ts";

parentPort?.on("message", (batch: Batch | null) => {
  if (batch === null) parentPort?.close();
  else post({ result: countBatch(batch) });
});
post({ ready: true });

function post(message: WorkerMessage<BatchCounted>): void {
  parentPort?.postMessage(message);
}
