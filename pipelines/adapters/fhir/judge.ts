import { type Candidate, DELETED, hasKeyTwice, isResource, parseJson } from "./candidates.ts";
import { mayBeOlder, normalise } from "./normalise.ts";
import { isResourceType, type ResourceType, reasonNotRead, resourceShape } from "./resources.ts";
import { misfit, type Shape, withLists } from "./shape.ts";

/** A record that is not handed on, and why. */
export interface SetAside {
  where: string;
  kind: string;
  state: "quarantined" | "out_of_scope";
  reason: string;
  pointer: string | null;
}

/** A record that is: clean JSON on one line, in the shape that is read. */
export interface Clean {
  where: string;
  type: ResourceType;
  text: string;
}

/** What becomes of one record: in the shape that the strict reader takes, or set aside with its reason and JSON pointer. */
export function judge({ where, text, parsed, refused }: Candidate): SetAside | Clean {
  const aside = (reason: string, kind = "resource", pointer: string | null = null): SetAside => ({
    where,
    kind,
    state: "quarantined",
    reason,
    pointer,
  });
  if (refused !== undefined || text === null) return aside(refused ?? "SOURCE_REFUSED");
  const resource = parsed ?? parseJson(text);
  if (resource === undefined) return aside("SOURCE_MALFORMED");
  if (isManifest(resource)) {
    return { ...aside("SOURCE_MANIFEST", "manifest"), state: "out_of_scope" };
  }
  if (!isResource(resource)) return aside("SOURCE_NOT_A_RESOURCE");
  const type = resource.resourceType;
  try {
    if (type === "Bundle" && misfit(resource.entry, ["JSON"]) !== null)
      return aside("SOURCE_WRONG_TYPE", type, "/entry");
    if (!isResourceType(type)) {
      return { ...aside(reasonNotRead(type), type), state: "out_of_scope" };
    }
    // Other rows carry their patient in their key, so that an id alone does not find them.
    if (resource[DELETED] && type !== "QuestionnaireResponse" && type !== "Observation")
      return aside("SOURCE_DELETED", type);
    const today = mayBeOlder(text) ? normalise(resource) : resource;
    const { fitting, pointer } = bring(today, resourceShape(type));
    if (pointer !== null) return aside("SOURCE_WRONG_TYPE", type, pointer);
    if (fitting === resource) return { where, type, text };
    // Written anew, it would lose the first of two members of one name without a word.
    if (hasKeyTwice(text, resource)) return aside("SOURCE_REFUSED", type);
    return { where, type, text: JSON.stringify(fitting) };
  } catch (error) {
    if (error instanceof TypeError) return aside("SOURCE_WRONG_TYPE", type, "/group");
    if (error instanceof RangeError) return aside("SOURCE_TOO_DEEP", type);
    throw error;
  }
}

/** A resource brought into its shape, and the place where it does not fit. */
function bring(resource: unknown, shape: Shape): { fitting: unknown; pointer: string | null } {
  if (misfit(resource, shape) === null) return { fitting: resource, pointer: null };
  const fitting = withLists(resource, shape);
  return { fitting, pointer: misfit(fitting, shape) };
}

/** The manifest of a bulk export lists files, and is no resource. */
function isManifest(value: unknown): boolean {
  const { transactionTime, output, resourceType } = (value ?? {}) as Record<string, unknown>;
  return resourceType === undefined && typeof transactionTime === "string" && Array.isArray(output);
}
