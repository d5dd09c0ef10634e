import type { z } from "zod";

/** What zod's schemas are made of, as far as walking through them needs it. */
interface Definition {
  type: string;
  shape?: Record<string, z.ZodType>;
  element?: z.ZodType;
  innerType?: z.ZodType;
  in?: z.ZodType;
  keyType?: z.ZodType;
  valueType?: z.ZodType;
  items?: z.ZodType[];
  options?: z.ZodType[];
  discriminator?: string;
  entries?: Record<string, string | number>;
  values?: unknown[];
}

/**
 * The schemas that may hold at a path of the data: one, or the options of a union. Lists, records, defaults and unions are walked
 * through; of a union with a discriminator only the option that the data chose.
 */
export function schemasAt(
  schema: z.ZodType,
  path: readonly PropertyKey[],
  data: unknown,
): Definition[] {
  let found = options(schema, data);
  let value = data;
  for (const step of path) {
    value = (value as Record<PropertyKey, unknown> | undefined)?.[step];
    found = found.flatMap((one) => child(one, step)).flatMap((next) => options(next, value));
  }
  return found;
}

/** The keys that objects among the schemas know. */
export function keysOf(schemas: readonly Definition[]): string[] {
  return [...new Set(schemas.flatMap(({ shape }) => Object.keys(shape ?? {})))];
}

/** The words of the closed lists among the schemas. */
export function wordsOf(schemas: readonly Definition[]): string[] {
  return schemas.flatMap(({ entries, values }) => [
    ...Object.values(entries ?? {}).map(String),
    ...(values ?? []).map(String),
  ]);
}

function child(definition: Definition, step: PropertyKey): z.ZodType[] {
  const { shape, element, valueType, items } = definition;
  const next = shape?.[String(step)] ?? element ?? valueType ?? items?.[Number(step)];
  return next ? [next] : [];
}

function options(schema: z.ZodType, value: unknown): Definition[] {
  const definition = (schema as unknown as { _zod: { def: Definition } })._zod.def;
  const inner = definition.innerType ?? definition.in;
  if (inner) return options(inner, value);
  if (!definition.options) return [definition];
  const { discriminator } = definition;
  const all = definition.options.flatMap((option) => options(option, value));
  if (discriminator === undefined) return all;
  const chosen = (value as Record<string, unknown> | undefined)?.[discriminator];
  return all.filter(({ shape }) => {
    const kind = shape?.[discriminator];
    return kind !== undefined && wordsOf(options(kind, chosen)).includes(String(chosen));
  });
}
