/** A message as templates made it: `message`, and what the destination's type of service takes besides. */
export interface Message {
  message?: string;
  slack?: {
    username?: string;
    icon?: string;
    /** JSON lists as text. */
    attachments?: string;
    blocks?: string;
    groupingKey?: string;
    notifyBroadcast?: boolean;
    deliveryPolicy?: 'Post' | 'PostAndUpdate' | 'Update';
  };
  /** By name of the service. */
  webhook?: Readonly<Record<string, { method?: string; path?: string; body?: string }>>;
  [section: string]: unknown;
}

/**
 * A place in a message where the value of a secret belongs. The text holds `$key` there; only the port that sends the
 * message puts the value in, so no object, log or answer ever has it.
 */
export interface SecretPlace {
  /** Members that lead to the text: `['webhook', 'ci', 'body']`. */
  path: readonly string[];
  /** Where `$key` begins, in UTF-16 units. */
  at: number;
  key: string;
}

/** One attempt to deliver one message. */
export interface DeliveryRequest {
  id: string;
  /** Object whose `data` the `$key` references of the options and the places of the message stand for. */
  secret: { namespace: string; name: string };
  service: { type: string; name: string; options: unknown };
  recipient: string;
  message: Message;
  secretPlaces: readonly SecretPlace[];
  /** The conversation that the message continues, where the service has such a thing. */
  thread?: { channel?: string; timestamp: string };
}

export interface DeliveryReceipt {
  /** Requests it took. */
  attempts: number;
  /** What a later message of the same conversation needs. */
  thread?: { channel?: string; timestamp: string };
}

/** Values of a Secret's keys, as text. */
export type SecretValues = Readonly<Record<string, string>>;
