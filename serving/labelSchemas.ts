/** What /openapi.json says of labels and of the prediction log. */

const text = { type: 'string' };
const time = { type: 'string', format: 'date-time' };

const label = {
  requestId: { ...text, description: 'Of the request, as its answer gave it. Either this or key.' },
  row: { type: 'integer', minimum: 0, default: 0, description: 'Of the request.' },
  key: { description: 'Labels every prediction of this key.', anyOf: [text, { type: 'integer' }] },
  value: { description: 'What was true.', anyOf: [text, { type: 'number' }, { type: 'boolean' }] },
  observedAt: { ...time, description: 'Default: now.' },
};
const name = { ...text, description: 'Of the model.' };

const oneLabel = {
  type: 'object',
  required: ['name', 'value'],
  properties: { name, ...label },
  additionalProperties: false,
};

const severalLabels = {
  type: 'object',
  required: ['name', 'labels'],
  properties: {
    name,
    labels: {
      type: 'array',
      minItems: 1,
      maxItems: 10_000,
      items: { type: 'object', required: ['value'], properties: label, additionalProperties: false },
    },
  },
  additionalProperties: false,
};

const count = (description: string) => ({ type: 'integer', description });

export const labelsSchema = {
  summary: 'Tell what was true',
  description:
    'All labels are kept or none. Sent again they change nothing; another value corrects the first, which is kept.',
  tags: ['labels'],
  body: { anyOf: [severalLabels, oneLabel] },
  response: {
    200: {
      type: 'object',
      properties: {
        accepted: count('New ones.'),
        unchanged: count('Were there with the same value.'),
        corrected: count('Were there with another value.'),
      },
    },
  },
};

export const predictionsSchema = {
  summary: 'Look up what was answered',
  description: 'Newest first. A prediction is here about 0.3 s after its answer.',
  tags: ['labels'],
  params: { type: 'object', properties: { name } },
  querystring: {
    type: 'object',
    properties: {
      requestId: text,
      key: text,
      from: { ...time, description: 'Included.' },
      to: { ...time, description: 'Excluded.' },
      limit: { type: 'integer', minimum: 1, maximum: 1_000, default: 100 },
    },
  },
};
