import { FUNCTIONS, REFUSED_FUNCTIONS } from '../functions.ts';

const HEAD = `# Functions of templates

Generated from the engine's own table. These are the functions Argo CD gives to the Go templates of ApplicationSets and notifications: those
of Go's text/template, sprig's generic ones, and \`normalize\`, \`slugify\`, \`toYaml\`, \`fromYaml\`, \`fromYamlArray\`.

Differences: integers have one kind here (\`int\` and \`int64\` are one); \`set\` and \`unset\` change only maps that the template made itself (copy
parameters with \`deepCopy\` first), \`merge\` then gives a new map; \`keys\` and \`values\` are sorted; results are bounded (a million
characters, a hundred thousand elements, 200,000 steps, templates calling one another 100 deep).

| function | offered | why not |
| --- | --- | --- |
`;

/** The reference page: one row a function, sorted. */
export function functionsPage(): string {
  const names = [...new Set([...FUNCTIONS.keys(), ...Object.keys(REFUSED_FUNCTIONS)])].sort();
  const rows = names.map((name) => {
    const refused = REFUSED_FUNCTIONS[name];
    return `| \`${name}\` | ${refused === undefined ? 'yes' : 'no'} | ${refused ?? ''} |`;
  });
  return `${HEAD}${rows.join('\n')}\n`;
}
