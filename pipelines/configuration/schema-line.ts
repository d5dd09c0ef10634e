/** The first line of a YAML file: editors that speak the YAML language server complete and check the file by the schema it names. */
export const schemaLine = (path: string): string => `# yaml-language-server: $schema=${path}\n`;

/** The same for a file of a site's or a hub's folder, beside which `placeSchemas` puts the schema. */
export const ownSchemaLine = (name: string): string => schemaLine(`.schema/${name}.schema.json`);
