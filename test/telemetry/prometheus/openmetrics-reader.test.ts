import { expect, test } from 'vitest';
import { parseOpenMetrics } from '../../support/openmetrics.js';

const HISTOGRAM = `# TYPE h histogram
h_bucket{le="1.0"} 1
h_bucket{le="+Inf"} 2
h_sum 3
h_count 2
`;

test('the reader accepts a valid page', () => {
  const page = `# TYPE c counter\n# HELP c a \\"b\\"\nc_total{a="\\"\\\\\\n"} 1 # {t="1"} 5 1.5\n${HISTOGRAM}# EOF\n`;
  expect(parseOpenMetrics(page)).toEqual([
    {
      name: 'c',
      type: 'counter',
      help: 'a \\"b\\"',
      unit: undefined,
      samples: [
        {
          name: 'c_total',
          labels: { a: '"\\\n' },
          value: 1,
          exemplar: { labels: { t: '1' }, value: 5, timestamp: 1.5 },
        },
      ],
    },
    expect.objectContaining({ name: 'h', type: 'histogram' }),
  ]);
});

test.each([
  ['a page without # EOF', '# TYPE g gauge\ng 1\n'],
  ['an empty line', '# TYPE g gauge\n\ng 1\n# EOF\n'],
  ['an unknown comment', '# hello\n# EOF\n'],
  ['a sample without TYPE', 'g 1\n# EOF\n'],
  ['an unknown type', '# TYPE g untyped\ng 1\n# EOF\n'],
  ['a counter without _total', '# TYPE c counter\nc 1\n# EOF\n'],
  ['a counter family with _total', '# TYPE c_total counter\nc_total 1\n# EOF\n'],
  ['a counter below zero', '# TYPE c counter\nc_total -1\n# EOF\n'],
  ['a unit that is not in the name', '# TYPE g gauge\n# UNIT g seconds\ng 1\n# EOF\n'],
  ['HELP with a bare quote', '# TYPE g gauge\n# HELP g a "b"\ng 1\n# EOF\n'],
  ['a family in two pieces', '# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n# EOF\n'],
  ['a second TYPE', '# TYPE a gauge\n# TYPE a gauge\na 1\n# EOF\n'],
  ['names that clash', '# TYPE a counter\na_total 1\n# TYPE a_total gauge\na_total 1\n# EOF\n'],
  ['a duplicate label', '# TYPE g gauge\ng{a="1",a="2"} 1\n# EOF\n'],
  ['a label that begins with a digit', '# TYPE g gauge\ng{1a="1"} 1\n# EOF\n'],
  ['a bare quote in a label', '# TYPE g gauge\ng{a="b"c"} 1\n# EOF\n'],
  ['a duplicate series', '# TYPE g gauge\ng{a="1",b="2"} 1\ng{b="2",a="1"} 1\n# EOF\n'],
  ['an le that is not a float', `${HISTOGRAM.replace('1.0', '1')}# EOF\n`],
  ['buckets that decrease', `${HISTOGRAM.replace('"1.0"} 1', '"1.0"} 3')}# EOF\n`],
  ['a histogram without a +Inf bucket', `${HISTOGRAM.replace(/.*Inf.*\n/, '')}# EOF\n`],
  ['a +Inf bucket that differs from the count', `${HISTOGRAM.replace('count 2', 'count 5')}# EOF\n`],
  ['a histogram without a sum', `${HISTOGRAM.replace('h_sum 3\n', '')}# EOF\n`],
  ['an exemplar outside its bucket', `${HISTOGRAM.replace('"1.0"} 1', '"1.0"} 1 # {t="1"} 2 1')}# EOF\n`],
  ['an exemplar on a gauge', '# TYPE g gauge\ng 1 # {t="1"} 1 1\n# EOF\n'],
  ['an exemplar that is too long', `# TYPE c counter\nc_total 1 # {t="${'x'.repeat(128)}"} 1 1\n# EOF\n`],
])('the reader refuses %s', (_, page) => {
  expect(() => parseOpenMetrics(page)).toThrow();
});
