import { elementsAt, stringAt } from './fields.ts';
import type { Tree } from './tree.ts';

/** Which metric names somebody exports. */
export interface MetricCatalogue {
  /** True also for names that no catalogue covers: nothing can be said about them. */
  knows(metric: string): boolean;
  names: readonly string[];
}

/**
 * Built-in: what kube-state-metrics, cAdvisor and ingress-nginx export, the part that dashboards and analyses use.
 * The tree adds `*.prom` files (a captured /metrics page) and the recording rules it declares. With a `.prom` file every
 * name must be known; without one only names that begin like one of the built-in exporters' are judged.
 */
export function metricCatalogue(tree: Tree): MetricCatalogue {
  const own = [...promFiles(tree, tree.folder)].flatMap(namesInPage);
  const recorded = tree
    .byKind('PrometheusRule.monitoring.coreos.com')
    .flatMap((object) =>
      elementsAt(object.value, ['spec', 'groups']).flatMap((group) =>
        elementsAt(object.value, [...group.path, 'rules']),
      ),
    )
    .flatMap(({ value }) => stringAt(value, ['record']) ?? []);
  const names = new Set([...BUILT_IN, ...own, ...recorded]);
  const isJudged = (metric: string) => own.length > 0 || BUILT_IN_PREFIX.test(metric);
  return { names: [...names], knows: (metric) => names.has(metric) || !isJudged(metric) };
}

function* promFiles(tree: Tree, folder: string): Generator<string> {
  for (const name of tree.files.readDirectory(folder) ?? []) {
    const path = folder === '' ? name : `${folder}/${name}`;
    if (name === 'node_modules' || name === '.git') continue;
    if (tree.files.readDirectory(path) !== undefined) yield* promFiles(tree, path);
    else if (name.endsWith('.prom')) yield tree.files.readFile(path) ?? '';
  }
}

/** Series names of an exposition page; a histogram or summary has several. */
function namesInPage(page: string): string[] {
  return page.split('\n').flatMap((line) => {
    const type = /^# TYPE (\S+) (\w+)/.exec(line);
    if (type !== null) {
      const [, name = '', kind] = type;
      if (kind === 'histogram') return [name, `${name}_bucket`, `${name}_sum`, `${name}_count`];
      return kind === 'summary' ? [name, `${name}_sum`, `${name}_count`] : [name];
    }
    const sample = /^([a-zA-Z_:][\w:]*)/.exec(line);
    return sample === null ? [] : [sample[1] as string];
  });
}

const BUILT_IN_PREFIX = /^(kube_|container_|nginx_ingress_controller_|rollout_|argocd_app_)/;

const POD = [
  'info',
  'owner',
  'start_time',
  'completion_time',
  'created',
  'labels',
  'annotations',
  'deletion_timestamp',
  'status_phase',
  'status_ready',
  'status_ready_time',
  'status_scheduled',
  'status_scheduled_time',
  'status_unschedulable',
  'status_reason',
  'status_qos_class',
  'restart_policy',
  'service_account',
  'spec_volumes_persistentvolumeclaims_info',
];
const POD_CONTAINER = [
  'info',
  'resource_requests',
  'resource_limits',
  'state_started',
  'status_ready',
  'status_restarts_total',
  'status_running',
  'status_terminated',
  'status_terminated_reason',
  'status_waiting',
  'status_waiting_reason',
  'status_last_terminated_reason',
  'status_last_terminated_exitcode',
  'status_last_terminated_timestamp',
];
const REPLICAS = [
  'created',
  'labels',
  'metadata_generation',
  'spec_replicas',
  'status_replicas',
  'status_replicas_ready',
  'status_replicas_available',
  'status_replicas_updated',
  'status_replicas_unavailable',
  'status_observed_generation',
  'status_condition',
  'spec_paused',
  'spec_strategy_rollingupdate_max_surge',
  'spec_strategy_rollingupdate_max_unavailable',
  'owner',
];

const BUILT_IN: readonly string[] = [
  'up',
  'scrape_duration_seconds',
  'scrape_samples_scraped',
  'ALERTS',
  'ALERTS_FOR_STATE',
  ...POD.map((name) => `kube_pod_${name}`),
  ...POD_CONTAINER.flatMap((name) => [`kube_pod_container_${name}`, `kube_pod_init_container_${name}`]),
  ...['deployment', 'replicaset', 'statefulset', 'daemonset'].flatMap((kind) =>
    REPLICAS.map((name) => `kube_${kind}_${name}`),
  ),
  'kube_replicaset_status_ready_replicas',
  'kube_statefulset_replicas',
  'kube_statefulset_status_current_revision',
  'kube_statefulset_status_update_revision',
  'kube_statefulset_status_replicas_current',
  ...[
    'current_number_scheduled',
    'desired_number_scheduled',
    'number_available',
    'number_misscheduled',
    'number_ready',
    'number_unavailable',
    'updated_number_scheduled',
  ].map((name) => `kube_daemonset_status_${name}`),
  ...[
    'info',
    'created',
    'labels',
    'complete',
    'failed',
    'status_active',
    'status_failed',
    'status_succeeded',
    'status_start_time',
    'status_completion_time',
    'spec_completions',
    'spec_parallelism',
    'owner',
  ].map((name) => `kube_job_${name}`),
  ...[
    'info',
    'created',
    'next_schedule_time',
    'status_active',
    'status_last_schedule_time',
    'status_last_successful_time',
    'spec_suspend',
  ].map((name) => `kube_cronjob_${name}`),
  ...[
    'info',
    'labels',
    'metadata_generation',
    'spec_max_replicas',
    'spec_min_replicas',
    'spec_target_metric',
    'status_condition',
    'status_current_replicas',
    'status_desired_replicas',
    'status_target_metric',
  ].map((name) => `kube_horizontalpodautoscaler_${name}`),
  ...[
    'created',
    'status_current_healthy',
    'status_desired_healthy',
    'status_expected_pods',
    'status_observed_generation',
    'status_pod_disruptions_allowed',
  ].map((name) => `kube_poddisruptionbudget_${name}`),
  ...['info', 'created', 'labels', 'spec_type', 'status_load_balancer_ingress'].map((name) => `kube_service_${name}`),
  ...['address', 'address_available', 'address_not_ready', 'created', 'info', 'labels', 'ports'].map(
    (name) => `kube_endpoint_${name}`,
  ),
  ...['endpoints', 'created', 'info', 'labels', 'ports'].map((name) => `kube_endpointslice_${name}`),
  ...['info', 'created', 'labels', 'path', 'tls', 'metadata_resource_version'].map((name) => `kube_ingress_${name}`),
  ...[
    'info',
    'labels',
    'created',
    'role',
    'status_allocatable',
    'status_capacity',
    'status_condition',
    'spec_taint',
    'spec_unschedulable',
  ].map((name) => `kube_node_${name}`),
  ...['annotations', 'created', 'labels', 'status_condition', 'status_phase'].map((name) => `kube_namespace_${name}`),
  ...[
    'info',
    'created',
    'labels',
    'access_mode',
    'resource_requests_storage_bytes',
    'status_condition',
    'status_phase',
  ].map((name) => `kube_persistentvolumeclaim_${name}`),
  ...['info', 'labels', 'capacity_bytes', 'claim_ref', 'status_phase', 'created'].map(
    (name) => `kube_persistentvolume_${name}`,
  ),
  ...['info', 'created', 'type', 'labels', 'annotations', 'metadata_resource_version', 'owner'].flatMap((name) => [
    `kube_secret_${name}`,
    `kube_configmap_${name}`,
  ]),
  'kube_resourcequota',
  'kube_resourcequota_created',
  'kube_limitrange',
  ...[
    'cpu_usage_seconds_total',
    'cpu_user_seconds_total',
    'cpu_system_seconds_total',
    'cpu_cfs_periods_total',
    'cpu_cfs_throttled_periods_total',
    'cpu_cfs_throttled_seconds_total',
    'cpu_load_average_10s',
  ].map((name) => `container_${name}`),
  ...[
    'usage_bytes',
    'working_set_bytes',
    'rss',
    'cache',
    'swap',
    'failcnt',
    'failures_total',
    'max_usage_bytes',
    'mapped_file',
  ].map((name) => `container_memory_${name}`),
  ...[
    'receive_bytes_total',
    'receive_errors_total',
    'receive_packets_total',
    'receive_packets_dropped_total',
    'transmit_bytes_total',
    'transmit_errors_total',
    'transmit_packets_total',
    'transmit_packets_dropped_total',
  ].map((name) => `container_network_${name}`),
  ...[
    'reads_bytes_total',
    'reads_total',
    'writes_bytes_total',
    'writes_total',
    'usage_bytes',
    'limit_bytes',
    'inodes_free',
    'inodes_total',
  ].map((name) => `container_fs_${name}`),
  ...[
    'spec_cpu_period',
    'spec_cpu_quota',
    'spec_cpu_shares',
    'spec_memory_limit_bytes',
    'spec_memory_reservation_limit_bytes',
    'start_time_seconds',
    'last_seen',
    'processes',
    'threads',
    'file_descriptors',
    'oom_events_total',
  ].map((name) => `container_${name}`),
  ...[
    'requests',
    'bytes_sent_bucket',
    'bytes_sent_count',
    'bytes_sent_sum',
    'request_duration_seconds_bucket',
    'request_duration_seconds_count',
    'request_duration_seconds_sum',
    'request_size_bucket',
    'request_size_count',
    'request_size_sum',
    'response_duration_seconds_bucket',
    'response_duration_seconds_count',
    'response_duration_seconds_sum',
    'response_size_bucket',
    'response_size_count',
    'response_size_sum',
    'header_duration_seconds_bucket',
    'header_duration_seconds_count',
    'header_duration_seconds_sum',
    'connect_duration_seconds_bucket',
    'connect_duration_seconds_count',
    'connect_duration_seconds_sum',
    'success',
    'errors',
    'config_hash',
    'config_last_reload_successful',
    'config_last_reload_successful_timestamp_seconds',
    'ssl_expire_time_seconds',
    'ssl_certificate_info',
    'leader_election_status',
    'orphan_ingress',
    'ingress_upstream_latency_seconds',
    'nginx_process_connections',
    'nginx_process_connections_total',
    'nginx_process_requests_total',
    'check_success',
    'check_errors',
    'build_info',
    'admission_processed_ingresses',
  ].map((name) => `nginx_ingress_controller_${name}`),
  ...[
    'info',
    'info_replicas_available',
    'info_replicas_desired',
    'info_replicas_unavailable',
    'info_replicas_updated',
    'phase',
    'reconcile_bucket',
    'reconcile_count',
    'reconcile_sum',
    'reconcile_error',
    'events_total',
  ].map((name) => `rollout_${name}`),
  ...[
    'info',
    'condition',
    'labels',
    'sync_total',
    'k8s_request_total',
    'reconcile_bucket',
    'reconcile_count',
    'reconcile_sum',
    'orphaned_resources_count',
    'sync_duration_seconds_total',
  ].map((name) => `argocd_app_${name}`),
];
