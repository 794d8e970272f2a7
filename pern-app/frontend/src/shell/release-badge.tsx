import { useEffect, useState } from 'react';

interface Release {
  version: string;
  environment: string;
}

async function readRelease(url: string, signal: AbortSignal): Promise<Release | undefined> {
  try {
    const response = await fetch(url, { signal });
    return response.ok ? ((await response.json()) as Release) : undefined;
  } catch {
    return undefined;
  }
}

/** Which release answers: environment, version of this page's server and of the back end. During a canary the two may differ. */
export function ReleaseBadge() {
  const [frontend, setFrontend] = useState<Release>();
  const [backend, setBackend] = useState<Release>();
  useEffect(() => {
    const controller = new AbortController();
    void readRelease('/config.json', controller.signal).then(setFrontend);
    void readRelease('/api/info', controller.signal).then(setBackend);
    return () => controller.abort();
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
