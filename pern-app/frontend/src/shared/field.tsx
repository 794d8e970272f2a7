import { type ComponentProps, type ReactNode, useId } from 'react';

interface Labelled {
  label: string;
  large?: boolean;
  /** Marks a field whose content was refused, also for screen readers. */
  refused?: boolean;
}

const classOf = (large: boolean | undefined) => (large ? 'form-control form-control-lg' : 'form-control');

/** A labelled line of a form. */
export function Field({ label, large, refused, ...props }: Labelled & ComponentProps<'input'>) {
  const id = useId();
  return (
    <Group label={label} id={id}>
      <input {...props} id={id} className={classOf(large)} aria-invalid={refused || undefined} />
    </Group>
  );
}

/** A labelled field of several lines. */
export function TextField({ label, large, refused, ...props }: Labelled & ComponentProps<'textarea'>) {
  const id = useId();
  return (
    <Group label={label} id={id}>
      <textarea {...props} id={id} className={classOf(large)} aria-invalid={refused || undefined} />
    </Group>
  );
}

function Group({ label, id, children }: { label: string; id: string; children: ReactNode }) {
  return (
    <div className="form-group">
      <label htmlFor={id}>{label}</label>
      {children}
    </div>
  );
}

/** What the fields of a submitted form hold. */
export function valuesOf(form: HTMLFormElement): (name: string) => string {
  const data = new FormData(form);
  return (name) => String(data.get(name) ?? '');
}
