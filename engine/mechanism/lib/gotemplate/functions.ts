import { collectionFunctions } from './collection-functions.ts';
import { encodingFunctions } from './encoding-functions.ts';
import type { TemplateFunction } from './function.ts';
import { languageFunctions } from './language-functions.ts';
import { logicFunctions } from './logic-functions.ts';
import { numberFunctions } from './number-functions.ts';
import { pathFunctions } from './path-functions.ts';
import { regexFunctions } from './regex-functions.ts';
import { textFunctions } from './text-functions.ts';

/** What templates can call: the functions of Go templates, and those that Argo CD adds to them. */
export const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map(
  Object.entries({
    ...languageFunctions,
    ...logicFunctions,
    ...textFunctions,
    ...regexFunctions,
    ...numberFunctions,
    ...collectionFunctions,
    ...encodingFunctions,
    ...pathFunctions,
  }),
);

const CHANCE = 'it draws random numbers: the same commit would give another result each time';
const CLOCK = 'it reads the clock: the same commit would give another result each time';
const DATES = 'times are not among the values of templates here';
const KEYS = 'it makes keys or certificates: keep them in a secret store';
const VERSIONS = 'semantic versions are not reproduced';
const RARE = 'not reproduced';

const reason = (text: string, names: string) => names.split(' ').map((name) => [name, text] as const);

/** Functions of Argo CD's templates that are refused, with the reason. */
export const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = Object.fromEntries([
  ...reason(CHANCE, 'randAlpha randAlphaNum randAscii randBytes randInt randNumeric shuffle uuidv4'),
  ...reason(CLOCK, 'now ago'),
  ...reason(DATES, 'date dateInZone dateModify date_in_zone date_modify duration durationRound htmlDate'),
  ...reason(DATES, 'htmlDateInZone mustDateModify mustToDate must_date_modify toDate unixEpoch'),
  ...reason(KEYS, 'bcrypt buildCustomCert decryptAES derivePassword encryptAES genCA genCAWithKey genPrivateKey'),
  ...reason(KEYS, 'genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey htpasswd'),
  ...reason(VERSIONS, 'semver semverCompare'),
  ...reason(RARE, 'abbrevboth urlJoin urlParse'),
]);
