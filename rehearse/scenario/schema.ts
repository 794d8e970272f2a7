import { type Fields, jsonSchema, type Shape } from './shape.ts';

const TEXT: Shape = { is: 'text' };
const DURATION: Shape = { is: 'duration' };
const SHARE: Shape = { is: 'share' };
const COUNT: Shape = { is: 'number', least: 0 };
const FILES: Shape = { is: 'map', keys: 'paths', of: { is: 'any' } };

const DISTRIBUTION: Shape = {
  is: 'record',
  fields: {
    p50: { shape: DURATION, summary: 'median', required: true },
    p95: {
      shape: DURATION,
      summary: '95th percentile; a log-normal distribution is laid through both',
      required: true,
    },
  },
};

const ANSWER: Fields = {
  errorRate: { shape: SHARE, summary: 'share of requests answered with 500' },
  latency: { shape: DISTRIBUTION, summary: 'response time' },
  query: { shape: DISTRIBUTION, summary: 'time of a database query' },
  poolInUse: { shape: SHARE, summary: 'share of the database connections in use' },
  poolWaiting: { shape: COUNT, summary: 'requests that wait for a database connection' },
};

const CHANGE: Shape = {
  is: 'record',
  fields: {
    when: {
      summary: 'all of these must hold',
      required: true,
      shape: {
        is: 'record',
        fields: {
          after: { shape: DURATION, summary: 'the program runs for at least this long' },
          until: { shape: DURATION, summary: 'the program runs for less than this' },
          requestsPerSecond: { shape: COUNT, summary: 'a pod gets at least this many' },
          share: { shape: SHARE, summary: "the version gets at least this share of the route's requests" },
          requests: { shape: COUNT, summary: 'the pod has answered at least this many' },
          memory: { shape: { is: 'bytes' }, summary: 'the pod holds at least this much memory' },
        },
      },
    },
    ...ANSWER,
  },
};

const IMAGE: Shape = {
  is: 'record',
  fields: {
    ...ANSWER,
    exists: { shape: { is: 'boolean' }, summary: 'false: the registry does not have it' },
    ready: { shape: { is: 'boolean' }, summary: 'false: its readiness probe never succeeds' },
    startup: { shape: DURATION, summary: 'from the start until probes succeed' },
    exits: {
      summary: 'it ends by itself',
      shape: {
        is: 'record',
        fields: {
          after: { shape: DURATION, summary: 'since its start', required: true },
          code: { shape: COUNT, summary: 'exit code (default 1)' },
          reason: { shape: TEXT, summary: 'such as OOMKilled' },
        },
      },
    },
    cpu: {
      summary: 'processor time it uses',
      shape: {
        is: 'record',
        fields: {
          idleMillicores: { shape: COUNT, summary: 'without requests' },
          millisecondsPerRequest: { shape: COUNT, summary: 'per request' },
        },
      },
    },
    memory: {
      summary: 'memory it holds; above the limit of its container it is ended',
      shape: {
        is: 'record',
        fields: {
          base: { shape: { is: 'bytes' }, summary: 'after the start', required: true },
          perRequest: { shape: { is: 'bytes' }, summary: 'kept of each request: a leak' },
        },
      },
    },
    changes: {
      shape: { is: 'list', of: CHANGE },
      summary: 'other behaviour under conditions; the last that holds wins',
    },
  },
};

const TRAFFIC: Shape = {
  is: 'record',
  fields: {
    requestsPerSecond: { shape: COUNT, summary: 'to each component', required: true },
    daily: {
      summary: 'factor by hour of the day in UTC ("08": 1); hours between are interpolated',
      shape: { is: 'map', keys: 'hours', of: COUNT },
    },
    components: {
      summary: 'requests per second of single components, instead',
      shape: { is: 'map', keys: 'components', of: COUNT },
    },
    requestsPerUserPerMinute: {
      shape: { is: 'number', least: 0.01 },
      summary: 'how much one person asks for (default 6)',
    },
    session: { shape: DURATION, summary: 'how long one person stays (default 10m)' },
  },
};

const ENVIRONMENT = { shape: TEXT, summary: 'name of an environment', required: true } as const;
const COMPONENT = { shape: TEXT, summary: 'name of a Rollout' } as const;

const PERSON: Fields = {
  environment: ENVIRONMENT,
  by: { shape: TEXT, summary: 'who' },
  reason: { shape: TEXT, summary: 'why' },
};

const EVENT: Shape = {
  is: 'record',
  oneOf: ['commit', 'revert', 'approve', 'refuse', 'promote', 'abort', 'fault'],
  fields: {
    at: { shape: DURATION, summary: 'since the start of the scenario' },
    on: { shape: { is: 'time' }, summary: 'at this time' },
    after: { shape: DURATION, summary: 'since the event before; after `when` came true' },
    when: {
      summary: 'not before this is so',
      shape: {
        is: 'record',
        fields: {
          environment: ENVIRONMENT,
          component: COMPONENT,
          is: {
            shape: { is: 'choice', of: ['promoted', 'aborted', 'paused', 'progressing', 'synced', 'waiting'] },
            summary: 'state of the release; `waiting`: for an approval',
          },
          weight: { shape: { is: 'number', least: 0, most: 100 }, summary: 'the canary has at least this weight' },
        },
      },
    },
    commit: {
      summary: 'a commit to the branch that is deployed',
      shape: {
        is: 'record',
        fields: {
          environment: { ...ENVIRONMENT, required: false },
          images: { shape: { is: 'map', keys: 'components', of: TEXT }, summary: 'component → tag' },
          files: { shape: FILES, summary: 'path → content; null removes' },
          message: { shape: TEXT, summary: 'commit message' },
          signed: { shape: { is: 'boolean' }, summary: 'by a key the projects allow (default), or not at all' },
          key: { shape: TEXT, summary: 'id of another key that signs' },
          by: { shape: TEXT, summary: 'author' },
        },
      },
    },
    revert: {
      summary: 'git revert of the commit before',
      shape: {
        is: 'record',
        fields: {
          message: { shape: TEXT, summary: 'commit message' },
          signed: { shape: { is: 'boolean' }, summary: 'as for commit' },
          by: { shape: TEXT, summary: 'author' },
        },
      },
    },
    approve: { shape: { is: 'record', fields: PERSON }, summary: 'starts the sync that waits for a person' },
    refuse: { shape: { is: 'record', fields: PERSON }, summary: 'a person says no: nothing is started' },
    promote: {
      summary: 'lets a paused Rollout go on',
      shape: {
        is: 'record',
        fields: {
          ...PERSON,
          component: { ...COMPONENT, required: true },
          full: { shape: { is: 'boolean' }, summary: 'skips all steps and analyses' },
        },
      },
    },
    abort: {
      summary: 'takes a release back',
      shape: { is: 'record', fields: { ...PERSON, component: { ...COMPONENT, required: true } } },
    },
    fault: {
      summary: 'something breaks',
      shape: {
        is: 'record',
        oneOf: ['prometheus', 'git', 'notifications', 'controllers', 'pod'],
        fields: {
          prometheus: { shape: { is: 'choice', of: ['down'] }, summary: 'no query is answered' },
          git: { shape: { is: 'choice', of: ['down'] }, summary: 'the repository cannot be reached' },
          notifications: { shape: TEXT, summary: 'the service with this name refuses' },
          controllers: {
            shape: { is: 'choice', of: ['killed'] },
            summary: 'kill -9 of all controllers, which start again',
          },
          every: { shape: DURATION, summary: 'time between two kills (default: one kill only)' },
          pod: {
            summary: 'one pod of a component crashes',
            shape: { is: 'record', fields: { environment: ENVIRONMENT, component: { ...COMPONENT, required: true } } },
          },
          for: { shape: DURATION, summary: 'how long it lasts (default: to the end)' },
        },
      },
    },
  },
};

const EXPECTATION: Shape = {
  is: 'record',
  fields: {
    environment: ENVIRONMENT,
    component: COMPONENT,
    outcome: {
      shape: { is: 'choice', of: ['promoted', 'aborted', 'paused', 'unchanged', 'waiting', 'degraded'] },
      summary: 'how it ends; `waiting`: a sync waits for an approval, `unchanged`: nothing was released',
    },
    version: { shape: TEXT, summary: 'tag that users have at the end' },
    within: { shape: DURATION, summary: 'from the first commit to the end of the release' },
    notBefore: { shape: { is: 'time' }, summary: 'the release begins at this time or later' },
    maxWeight: { shape: { is: 'number', least: 0, most: 100 }, summary: 'highest weight of the canary' },
    reason: { shape: TEXT, summary: 'text that the message of the Rollout or Application contains' },
    metric: { shape: TEXT, summary: 'metric that decided against the release' },
    wrongAnswersMax: { shape: COUNT, summary: 'requests answered with an error by the new version' },
    requestsMax: { shape: COUNT, summary: 'requests that met the new version' },
    unansweredMax: { shape: COUNT, summary: 'requests that nobody answered' },
    notification: { shape: TEXT, summary: 'text of a message that must have been sent' },
  },
};

export const SCENARIO_SHAPE: Extract<Shape, { is: 'record' }> = {
  is: 'record',
  fields: {
    name: { shape: TEXT, summary: 'what it is about, in a few words', required: true },
    description: { shape: TEXT, summary: 'why anybody should care' },
    start: { shape: { is: 'time' }, summary: 'when the story begins (default 2026-01-05T10:00:00Z, a Monday)' },
    within: { shape: DURATION, summary: 'virtual time it may take (default 12h)' },
    seed: { shape: COUNT, summary: 'of chance (default 1)' },
    environments: { shape: { is: 'list', of: TEXT }, summary: 'that take part (default: those that are named below)' },
    images: {
      summary: 'behaviour by component, then by tag; what is not named is healthy',
      shape: { is: 'map', keys: 'components', of: { is: 'map', keys: 'tags', of: IMAGE } },
    },
    traffic: { shape: { is: 'map', keys: 'environments', of: TRAFFIC }, summary: 'by environment; "*" for all others' },
    tree: {
      summary: 'changes of the tree before it is installed',
      shape: {
        is: 'record',
        fields: {
          files: { shape: FILES, summary: 'path → content; null removes' },
          patches: { shape: { is: 'list', of: { is: 'any' } }, summary: 'Kustomize patches of the root Application' },
        },
      },
    },
    approvals: {
      summary: 'somebody approves whatever waits for an approval; without it only `approve` events do',
      shape: {
        is: 'record',
        fields: {
          after: { shape: DURATION, summary: 'how long it takes', required: true },
          by: { shape: TEXT, summary: 'who' },
        },
      },
    },
    events: { shape: { is: 'list', of: EVENT }, summary: 'what happens, one after the other', required: true },
    expect: { shape: { is: 'list', of: EXPECTATION }, summary: 'what must come of it' },
  },
};

/** `scenarios/schema.json`, whole. */
export function scenarioSchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A rehearsal of pern-gitops',
    ...jsonSchema(SCENARIO_SHAPE),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
