/** Public surface: read and write the Prometheus text exposition format 0.0.4. */
export { type MetricMetadata, parseMetadata } from './metadata.ts';
export { ExpositionError, type LabelPair, type ParsedSample, parseExposition } from './parse.ts';
export {
  EXPOSITION_CONTENT_TYPE,
  type FamilySample,
  formatExposition,
  formatValue,
  type MetricFamily,
} from './write.ts';
