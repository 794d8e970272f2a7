/** kubectl's JSONPath dialect (client-go `util/jsonpath`). */
export { findJsonPath } from './evaluate.ts';
export { JsonPathError, parseJsonPath } from './parse.ts';
