/** The problems of a form or a page. The region is always there, so that screen readers announce what comes into it. */
export function ErrorMessages({ messages, id }: { messages: readonly string[]; id?: string }) {
  return (
    <div role="alert">
      {messages.length > 0 ? (
        <ul className="error-messages" id={id}>
          {messages.map((message) => (
            <li key={message}>{message}</li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
