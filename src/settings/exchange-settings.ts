/** The rules of `exchange.<provider>` in sidecar.json5. */
import * as z from 'zod';
import { EXCHANGE_PROOFS, type ExchangeSettings, exchangeUrlDefect, GPU_DEV } from '../domain/exchange.ts';
import { hasControlCharacters } from '../domain/untrusted-text.ts';
import { expandPath } from '../platform/paths.ts';

const text = z
  .string('must be a string')
  .trim()
  .min(1, 'must not be empty')
  .max(512, 'must not be longer than 512 characters')
  .refine((value) => !hasControlCharacters(value), 'must not hold control characters');

const url = text.superRefine((value, context) => {
  const defect = exchangeUrlDefect(value);
  if (defect !== undefined) context.addIssue({ code: 'custom', message: defect });
});

/** The fields of one exchange. */
export const exchangeFields = z.strictObject(
  {
    url: url.optional(),
    baseUrl: url.optional(),
    name: text.max(80, 'must not be longer than 80 characters').optional(),
    proof: z.enum(EXCHANGE_PROOFS, `must be one of ${EXCHANGE_PROOFS.join(', ')}`).optional(),
    serverId: text
      .regex(/^[A-Za-z0-9._:/-]{1,128}$/, 'must be up to 128 letters, digits and . _ : / -')
      .optional(),
    credentialsFile: text.optional(),
    requiredRole: text.max(128, 'must not be longer than 128 characters').optional(),
  },
  'must be an object',
);

const ID_RULE = 'must be named by a provider id: lower-case letters, digits, . _ -';

/** `exchange`: the providers by id. */
export const exchangeProviders = z
  .record(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, ID_RULE), exchangeFields, 'must be an object')
  .superRefine((providers, context) => {
    for (const [id, fields] of Object.entries(providers)) {
      for (const message of faultsOf(id, fields)) {
        context.addIssue({ code: 'custom', path: [id], message });
      }
    }
  });

/** What one field demands of another. */
function faultsOf(id: string, { url: address, proof, serverId }: ExchangeSettings): string[] {
  const isKnown = id === GPU_DEV.id;
  return [
    ...(address === undefined && !isKnown ? ['must name its url'] : []),
    // Nobody hands over AWS keys by leaving something out, but to the one API that knows nothing else.
    ...(proof === undefined && !isKnown ? [`must name its proof: ${EXCHANGE_PROOFS.join(' or ')}`] : []),
    ...(proof === 'presigned' && serverId === undefined
      ? ['must name the serverId of a presigned proof']
      : []),
    ...(proof !== 'presigned' && serverId !== undefined ? ['has a serverId without proof "presigned"'] : []),
  ];
}

/** The exchanges with absolute paths. Relative ones count from the folder of the settings file. */
export function withAbsoluteFiles(
  providers: Readonly<Record<string, ExchangeSettings>>,
  home: string,
  folder: string,
): Readonly<Record<string, ExchangeSettings>> {
  return Object.fromEntries(
    Object.entries(providers).map(([id, fields]) => [
      id,
      fields.credentialsFile === undefined
        ? fields
        : { ...fields, credentialsFile: expandPath(fields.credentialsFile, home, folder) },
    ]),
  );
}
