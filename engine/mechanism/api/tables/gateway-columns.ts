import { ageOf, listOf, type Members, mapOf, textOf } from './cells.ts';
import type { Column } from './columns.ts';

const name: Column = { name: 'Name', cell: (object) => textOf(mapOf(object.metadata).name) };
const age: Column = { name: 'Age', cell: (object, nowMs) => ageOf(mapOf(object.metadata).creationTimestamp, nowMs) };

function conditionStatus(object: Members, type: string) {
  const found = listOf(mapOf(object.status).conditions).find((condition) => mapOf(condition).type === type);
  return textOf(mapOf(found).status, '');
}

/** The printer columns of the Gateway API's definitions. */
export const GATEWAY_COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  'Gateway.gateway.networking.k8s.io': [
    name,
    { name: 'Class', cell: (gateway) => textOf(mapOf(gateway.spec).gatewayClassName) },
    { name: 'Address', cell: ({ status }) => textOf(mapOf(listOf(mapOf(status).addresses)[0]).value, '') },
    { name: 'Programmed', cell: (gateway) => conditionStatus(gateway, 'Programmed') },
    age,
  ],
  'GatewayClass.gateway.networking.k8s.io': [
    name,
    { name: 'Controller', cell: (gatewayClass) => textOf(mapOf(gatewayClass.spec).controllerName) },
    { name: 'Accepted', cell: (gatewayClass) => conditionStatus(gatewayClass, 'Accepted') },
    age,
    { name: 'Description', wide: true, cell: ({ spec }) => textOf(mapOf(spec).description, '') },
  ],
  'HTTPRoute.gateway.networking.k8s.io': [
    name,
    { name: 'Hostnames', cell: ({ spec }) => JSON.stringify(mapOf(spec).hostnames ?? []) },
    age,
  ],
};
