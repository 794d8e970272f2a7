import { useEffect, useState } from 'react';
import { requestJson } from '../../shared/http.ts';

interface Release {
  version: string;
  environment: string;
}

async function readRelease(url: string): Promise<Release | undefined> {
  try {
    return (await requestJson((target, init) => fetch(target, init), 'GET', url)) as Release;
  } catch {
    return undefined;
  }
}

/** Which release answers: environment, version of this page's server and of the back end. During a canary the two may differ. */
export function ReleaseBadge() {
  const [frontend, setFrontend] = useState<Release>();
  const [backend, setBackend] = useState<Release>();
  useEffect(() => {
    void readRelease('/config.json').then(setFrontend);
    void readRelease('/api/info').then(setBackend);
  }, []);
  return (
    <dl className="release">
      <Fact name="Environment" value={frontend?.environment} />
      <Fact name="Front end" value={frontend?.version} />
      <Fact name="Back end" value={backend?.version} />
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? 'unknown'}</dd>
    </div>
  );
}
