import { FormPage, Missing } from '../shared/page.tsx';

export default function NotFoundPage() {
  return (
    <FormPage title="Page not found" className="not-found-page">
      <Missing what="This page" />
    </FormPage>
  );
}
