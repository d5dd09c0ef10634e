type Json = Record<string, unknown>;

/**
 * Brings a resource of DSTU2 into the shape that is read, which is R4's: `group` and `question` become items, a `concept` a
 * code, a list of family names one name. The same object when there is nothing to change. Pointers into such a resource are
 * those of the new shape.
 *
 * @throws TypeError where a group is no object or its parts are no lists.
 */
export function normalise(resource: Json): Json {
  const { resourceType: type, group } = resource;
  if (isObject(group) && type === "QuestionnaireResponse") {
    const { group: _, ...rest } = resource;
    return { ...rest, item: [itemOfGroup(group)] };
  }
  if (isObject(group) && type === "Questionnaire") {
    const { group: _, ...rest } = resource;
    return {
      ...rest,
      ...("concept" in group ? { code: group.concept } : {}),
      item: [itemOfGroup(group)],
    };
  }
  if (type === "Patient" && Array.isArray(resource.name)) return withOneFamilyName(resource);
  return resource;
}

/** Whether the text of a record may be one that `normalise` changes. */
export function mayBeOlder(text: string): boolean {
  return text.includes('"group"') || text.includes('"family"');
}

function itemOfGroup(group: unknown): Json {
  const { group: groups = [], question: questions = [], concept, title, ...rest } = object(group);
  return {
    ...rest,
    ...(title === undefined ? {} : { text: title }),
    ...(concept === undefined ? {} : { code: concept }),
    item: [...list(groups).map(itemOfGroup), ...list(questions).map(itemOfQuestion)],
  };
}

function itemOfQuestion(question: unknown): Json {
  const { group: groups = [], concept, answer, option, ...rest } = object(question);
  return {
    ...rest,
    ...(concept === undefined ? {} : { code: concept }),
    ...(option === undefined
      ? {}
      : { option: list(option).map((valueCoding) => ({ valueCoding })) }),
    ...(answer === undefined ? {} : { answer: list(answer).map(answerOfQuestion) }),
    ...(list(groups).length === 0 ? {} : { item: list(groups).map(itemOfGroup) }),
  };
}

function answerOfQuestion(answer: unknown): Json {
  const { group: groups = [], ...rest } = object(answer);
  return list(groups).length === 0 ? rest : { ...rest, item: list(groups).map(itemOfGroup) };
}

function withOneFamilyName(patient: Json): Json {
  const names = patient.name as unknown[];
  if (!names.some((name) => isObject(name) && Array.isArray(name.family))) return patient;
  const name = names.map((one) =>
    isObject(one) && Array.isArray(one.family) ? { ...one, family: one.family.join(" ") } : one,
  );
  return { ...patient, name };
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function object(value: unknown): Json {
  if (isObject(value)) return value;
  throw new TypeError("a group or question is no object");
}

function list(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError("a group's parts are no list");
}
