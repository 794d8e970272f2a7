/** Reasons and messages of events and conditions. */

/** The condition of an Application whose messages do not arrive. A warning: deliveries never hold up a sync. */
export const DELIVERY_WARNING = 'NotificationDeliveryWarning';

export const NOTIFICATION_FAILED = 'NotificationFailed';

export function destinationText({ service, recipient }: { service: string; recipient: string }): string {
  return recipient === '' ? service : `${service}:${recipient}`;
}

export function deliveryFailed(
  spec: { trigger: string; service: string; recipient: string; attempt: number },
  why: string,
): string {
  return `failed to deliver notification ${spec.trigger} to ${destinationText(spec)}: ${why}`;
}

export function keptForWantOfService(service: string, configMap: string): string {
  return `service ${service} is not configured: ConfigMap ${configMap} has no key service.${service}`;
}

export function keptForWantOfSecret(service: string, keys: readonly string[], secret: string): string {
  return `service ${service} refers to ${keys.map((key) => `$${key}`).join(', ')}, which Secret ${secret} does not have`;
}

export const KEPT_CONSOLE = 'a service of type console prints here';
