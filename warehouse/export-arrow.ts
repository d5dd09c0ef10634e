import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
// Arrow IPC is what pandas, R, Spark and DuckDB read without a copy; this is the Arrow project's own writer.
import {
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import type { Selection, Value } from "./dialects/index.ts";

/** Writes a selection as an Arrow IPC stream, a batch at a time; returns the rows. DECIMAL stays exact. */
export async function writeArrow({ columns, batches }: Selection, file: string): Promise<number> {
  const schema = new Schema(
    columns.map(({ name, type }) => new Field(name, arrowType(type), true)),
  );
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  const written = pipeline(Readable.from(writer), createWriteStream(file));
  let rows = 0;
  try {
    for await (const batch of batches) {
      writer.write(recordBatch(schema, batch));
      rows += batch.length;
    }
    writer.finish();
  } catch (error) {
    writer.abort(error);
    await written.catch(() => undefined);
    throw error;
  }
  await written;
  return rows;
}

function recordBatch(schema: Schema, batch: Value[][]): RecordBatch {
  const children = schema.fields.map(({ type }, column) => {
    const values = batch.map((row) => arrowValue(row[column] ?? null, type));
    return vectorFromArray(values as never[], type as never).data[0];
  });
  const data = makeData({
    type: new Struct(schema.fields),
    length: batch.length,
    nullCount: 0,
    children: children as never,
  });
  return new RecordBatch(schema, data as never);
}

function arrowType(type: string): DataType {
  const digits = /^DECIMAL\((\d+),(\d+)\)$/.exec(type);
  if (digits) return new Decimal(Number(digits[2]), Number(digits[1]), 128);
  switch (type) {
    case "BOOLEAN":
      return new Bool();
    case "DATE":
      return new DateDay();
    case "TINYINT":
    case "SMALLINT":
    case "INTEGER":
      return new Int32();
    case "BIGINT":
      return new Int64();
    case "FLOAT":
    case "DOUBLE":
      return new Float64();
    default:
      return new Utf8();
  }
}

function arrowValue(value: Value, type: DataType): unknown {
  if (value === null) return null;
  if (type instanceof Decimal) return decimalWords(String(value), type.scale);
  if (type instanceof DateDay) return new Date(`${value}T00:00:00Z`);
  if (type instanceof Int64) return BigInt(value);
  if (type instanceof Utf8) return String(value);
  return value;
}

/** A decimal as the four little-endian words of its 128-bit two's complement, in units of its last digit. */
function decimalWords(digits: string, scale: number): Uint32Array {
  const [whole = "0", fraction = ""] = digits.replace("-", "").split(".");
  const units = BigInt(whole + fraction.padEnd(scale, "0"));
  const signed = BigInt.asUintN(128, digits.startsWith("-") ? -units : units);
  return Uint32Array.from({ length: 4 }, (_, word) =>
    Number((signed >> BigInt(32 * word)) & 0xffffffffn),
  );
}
