/** Public surface: store time series, ingest scrapes, evaluate PromQL. See README.md. */
export type { Expr, ValueType } from './ast.ts';
export { PromqlError, type PromqlErrorType } from './errors.ts';
export { evaluateInstant, evaluateRange, type QueryOptions } from './evaluate.ts';
export type { QueryTimes } from './evaluation.ts';
export { type ApiData, ERROR_STATUS, formatData, formatFailure, formatSuccess } from './format.ts';
export { type LabelPair, Labels, METRIC_NAME } from './labels.ts';
export { compileMatcher, type Matcher, type MatchOperator } from './matcher.ts';
export { formatFloat } from './numeric.ts';
export { type ParseOptions, parseQuery, parseSelector } from './parse.ts';
export type { MatrixSeries, QueryResult, QueryValue, VectorElement } from './result.ts';
export { evaluateRuleGroup, type RuleState } from './rules/evaluate-group.ts';
export { type Rule, type RuleGroup, readRuleFile } from './rules/rule-file.ts';
export { readRuleTestFile } from './rules/rule-test-file.ts';
export { type RuleTestFailure, type RuleTestReport, runRuleTests } from './rules/rule-tests.ts';
export type { Problem as RuleProblem } from './rules/yaml-reader.ts';
export { replaySampleLog, SampleLog } from './sample-log.ts';
export {
  computeScrapeTimeMs,
  ingestScrape,
  ingestTargetRemoved,
  type Scrape,
  type ScrapeReport,
  ScrapeState,
} from './scrape.ts';
export {
  type AppendOutcome,
  DEFAULT_STORE_LIMITS,
  type Queryable,
  SeriesStore,
  type StoreLimits,
  type StoreStats,
} from './series-store.ts';
export { restoreStore, SnapshotError, snapshotStore } from './snapshot.ts';
