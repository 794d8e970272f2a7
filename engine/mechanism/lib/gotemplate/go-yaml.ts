import { parse, type Tags } from 'yaml';

/** Aliases a text may expand: they multiply. */
const ALIASES_MAX = 100;
const NOT_IN_GO = new Set(['tag:yaml.org,2002:timestamp', 'tag:yaml.org,2002:binary', 'tag:yaml.org,2002:set']);

/**
 * YAML as sigs.k8s.io/yaml reads it: YAML 1.1's scalars (`yes` and `on` are true, `017` is 15) without times, dates and
 * numbers to the base of sixty. Throws YAMLParseError with line and column.
 */
export function parseGoYaml(text: string): unknown {
  return parse(text, { version: '1.1', customTags: withoutTimes, maxAliasCount: ALIASES_MAX, logLevel: 'error' });
}

function withoutTimes(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === 'string' || (!NOT_IN_GO.has(tag.tag) && tag.format !== 'TIME'));
}
