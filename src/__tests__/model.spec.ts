import { ApiError } from '../api';
import { BrowserModel } from '../model';
import { idOf } from '../nodes';
import { BATCH_MAX } from '../recognise';
import { EXPANDED_MAX, decodeTree, encodeTree } from '../saved';
import { FakeApi, array, dataset, folder, object } from './fakeApi';

const at = (key: string, endpoint = 'lab') => idOf({ endpoint, key });

/**
 * Let all that is waiting for nothing but its turn happen.
 */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 60; turn++) {
    await Promise.resolve();
  }
}

async function opened(api: FakeApi): Promise<BrowserModel> {
  const model = new BrowserModel(api);
  await model.loadEndpoints();
  await model.expand(at(''));
  return model;
}

function names(model: BrowserModel): string[] {
  return model.rows.list.map(row =>
    row.kind === 'node' ? (model.node(row.target)?.name ?? '') : `<${row.kind}>`
  );
}

const TREE = () => ({
  '': [folder('a/'), folder('b/'), object('c')],
  'a/': [dataset('a/x.zarr/'), object('a/y')],
  'a/x.zarr/': [array('a/x.zarr/t/')]
});

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('opening', () => {
  it('asks nothing before someone looks', async () => {
    const api = new FakeApi(TREE());
    const model = new BrowserModel(api);
    await settled();
    expect(api.calls).toEqual([]);
    model.setVisible(true);
    model.setVisible(false);
    model.setVisible(true);
    await settled();
    expect(api.made('endpoints')).toHaveLength(1);
    expect(names(model)).toEqual(['lab']);
  });

  it('says what is wrong with the configuration', async () => {
    const api = new FakeApi({}, []);
    api.configurationProblem = {
      code: 'bad_configuration',
      message: 'endpoints[0]: Object contains unknown field `profle`',
      hint: 'Correct it.',
      retryable: false
    };
    const model = new BrowserModel(api);
    model.setVisible(true);
    await settled();
    expect(model.endpointsStatus).toBe('error');
    expect(model.endpointsProblem?.message).toContain('profle');
    // Those that are well configured are there nevertheless.
    api.ids.push('lab');
    await model.refresh();
    expect(model.endpointsStatus).toBe('ready');
    expect(names(model)).toEqual(['lab']);
    expect(model.endpointsProblem?.message).toContain('profle');
    api.configurationProblem = null;
    await model.refresh();
    expect(model.endpointsProblem).toBeNull();
  });

  it('asks once however often one clicks', async () => {
    const api = new FakeApi({ '': [folder('slow_/')] });
    const model = await opened(api);
    const first = model.expand(at('slow_/'));
    const second = model.expand(at('slow_/'));
    expect(model.isLoading(at('slow_/'))).toBe(true);
    api.release();
    await Promise.all([first, second]);
    expect(api.made('children').filter(c => c.key === 'slow_/')).toHaveLength(
      1
    );
    expect(model.isLoading(at('slow_/'))).toBe(false);
  });

  it('gives up what is closed, and what is below it', async () => {
    const api = new FakeApi({
      '': [folder('a/')],
      'a/': [folder('a/slow_/')]
    });
    const model = await opened(api);
    await model.expand(at('a/'));
    const pending = model.expand(at('a/slow_/'));
    model.collapse(at('a/'));
    await pending;
    expect(api.calls[api.calls.length - 1]?.signal.aborted).toBe(true);
    expect(names(model)).toEqual(['lab', 'a']);
    // It is asked anew, and nothing is left of the first time.
    await model.expand(at('a/'));
    expect(model.listing(at('a/slow_/'))).toBeUndefined();
    void model.expand(at('a/slow_/'));
    api.release();
    await settled();
    expect(names(model)).toEqual(['lab', 'a', 'slow_', '<empty>']);
  });

  it('opens again without asking, for a while', async () => {
    const api = new FakeApi(TREE());
    const model = await opened(api);
    await model.expand(at('a/'));
    model.collapse(at('a/'));
    const count = api.calls.length;
    await model.expand(at('a/'));
    expect(api.calls).toHaveLength(count);
    model.collapse(at('a/'));
    jest.advanceTimersByTime(60_000);
    await model.expand(at('a/'));
    expect(api.calls).toHaveLength(count + 1);
    // Through the server's cache.
    expect(api.calls[count]?.refresh).toBe(false);
  });

  it('shows a failure as a row, and retries', async () => {
    const tree = TREE();
    const api = new FakeApi(tree);
    const model = await opened(api);
    api.forbidden.add('a/');
    await model.expand(at('a/'));
    expect(names(model)).toEqual(['lab', 'a', '<error>', 'b', 'c']);
    expect(model.rows.list[2]?.problem?.message).toBe('No.');
    api.forbidden.clear();
    await model.retry(at('a/'));
    expect(names(model)).toEqual(['lab', 'a', 'x.zarr', 'y', 'b', 'c']);
  });

  it('marks the endpoint whose root fails, and clears the mark', async () => {
    const api = new FakeApi(TREE());
    api.forbidden.add('');
    const model = await opened(api);
    const health = () => {
      const node = model.node(at(''));
      return node?.kind === 'endpoint' ? node.endpointInfo.status : null;
    };
    expect(health()).toBe('problem');
    api.forbidden.clear();
    await model.retry(at(''));
    expect(health()).toBe('ok');
  });

  it('takes over what a listing says of its container', async () => {
    const api = new FakeApi(TREE());
    api.extras.set('b/', { parent: dataset('b/') });
    const model = await opened(api);
    await model.expand(at('b/'));
    expect(model.node(at('b/'))?.kind).toBe('dataset');
  });

  it('keeps an endpoint an endpoint whose root is a store', async () => {
    const api = new FakeApi({ '': [array('t/')] });
    api.extras.set('', { parent: dataset('') });
    const model = await opened(api);
    const node = model.node(at(''));
    expect(node?.kind).toBe('endpoint');
    expect(node?.kind === 'endpoint' && node.root?.kind).toBe('dataset');
  });

  it('opens many a few at a time', async () => {
    const tree = {
      '': Array.from({ length: 10 }, (_, i) => folder(`slow_${i}/`))
    };
    const api = new FakeApi(tree);
    const model = await opened(api);
    const all = model.expandAll(tree[''].map(idOf));
    await settled();
    expect(api.made('children')).toHaveLength(1 + 4);
    for (let turn = 0; turn < 10; turn++) {
      api.release();
      await settled();
    }
    await all;
    expect(api.made('children')).toHaveLength(1 + 10);
  });
});

describe('a scratch that many share', () => {
  const shared = () => {
    const api = new FakeApi(
      { '': [folder('ada/'), folder('ada2/'), folder('bob/')] },
      ['archive', 'shared']
    );
    api.endpointInfo.set('shared', {
      url: 's3://scratch/',
      scratch: { variable: 'SCRATCH_BUCKET', lifetimeDays: 7, ownKey: 'bob/' }
    });
    return api;
  };

  it('comes before other endpoints, and one’s own part first', async () => {
    const model = new BrowserModel(shared());
    await model.loadEndpoints();
    expect(names(model)).toEqual(['shared', 'archive']);
    await model.expand(at('', 'shared'));
    expect(names(model)).toEqual(['shared', 'bob', 'ada', 'ada2', 'archive']);
    expect(model.rows.list.map(({ position }) => position)).toEqual([
      1, 1, 2, 3, 2
    ]);
  });

  it('shows one’s own part although it is pages away', async () => {
    const api = shared();
    const model = new BrowserModel(api);
    model.pageSize = 1;
    await model.loadEndpoints();
    await model.expand(at('', 'shared'));
    expect(names(model)).toEqual(['shared', 'bob', 'ada', '<more>', 'archive']);
    expect(model.node(at('bob/', 'shared'))?.uri).toBe('s3://scratch/bob/');
    // Every page there is.
    await model.loadMore(at('', 'shared'));
    await model.loadMore(at('', 'shared'));
    expect(names(model)).toEqual(['shared', 'bob', 'ada', 'ada2', 'archive']);
  });
});

describe('pages', () => {
  const many = () => ({
    '': Array.from({ length: 25 }, (_, i) => object(`o${i}`))
  });

  it('loads the next one, and moves on to what it brought', async () => {
    const api = new FakeApi(many());
    const model = new BrowserModel(api);
    model.pageSize = 10;
    await model.loadEndpoints();
    await model.expand(at(''));
    expect(names(model)).toHaveLength(1 + 10 + 1);
    model.activate(11);
    expect(model.activeRow?.kind).toBe('more');
    await model.loadMore(at(''));
    expect(model.selected?.name).toBe('o10');
    model.activate(21);
    await model.loadMore(at(''));
    expect(model.selected?.name).toBe('o20');
    expect(names(model)).toHaveLength(1 + 25);
  });

  it('shows no child twice where pages overlap', async () => {
    const api = new FakeApi(many());
    const model = new BrowserModel(api);
    model.pageSize = 10;
    await model.loadEndpoints();
    await model.expand(at(''));
    api.tree['']!.unshift(object('new'));
    await model.loadMore(at(''));
    const shown = names(model);
    expect(new Set(shown).size).toBe(shown.length);
  });

  it('keeps the page where the next one fails', async () => {
    const api = new FakeApi(many());
    const model = new BrowserModel(api);
    model.pageSize = 10;
    await model.loadEndpoints();
    await model.expand(at(''));
    api.forbidden.add('');
    await model.loadMore(at(''));
    expect(names(model)).toHaveLength(1 + 10 + 1);
    expect(names(model)[11]).toBe('<error>');
    api.forbidden.clear();
    await model.retry(at(''));
    expect(model.listing(at(''))?.items).toHaveLength(20);
  });
});

describe('refreshing', () => {
  it('asks past the caches, keeps what is open, drops what is gone', async () => {
    const api = new FakeApi(TREE());
    const model = await opened(api);
    await model.expand(at('a/'));
    await model.expand(at('a/x.zarr/'));
    await model.expand(at('b/'));
    model.select({ endpoint: 'lab', key: 'a/x.zarr/t/' });
    api.tree['']!.splice(1, 1);
    api.tree['a/']!.push(object('a/z'));
    api.calls.length = 0;
    await model.refresh();
    const asked = api.made('children');
    expect(asked.every(call => call.refresh)).toBe(true);
    expect(asked.map(call => call.key).sort()).toEqual([
      '',
      'a/',
      'a/x.zarr/',
      'b/'
    ]);
    expect(names(model)).toEqual(['lab', 'a', 'x.zarr', 't', 'y', 'z', 'c']);
    expect(model.selected?.name).toBe('t');
    expect(model.isExpanded(at('b/'))).toBe(false);
  });

  it('asks from the top: what lies above may tell what it is', async () => {
    const api = new FakeApi({
      '': [folder('slow_a/')],
      'slow_a/': [folder('slow_a/b/')],
      'slow_a/b/': []
    });
    const model = await opened(api);
    for (const key of ['slow_a/', 'slow_a/b/']) {
      const expanding = model.expand(at(key));
      api.release();
      await expanding;
    }
    api.calls.length = 0;
    const refreshing = model.refresh();
    await jest.advanceTimersByTimeAsync(10);
    expect(api.made('children').map(call => call.key)).toEqual(['', 'slow_a/']);
    api.release();
    await jest.advanceTimersByTimeAsync(10);
    expect(api.made('children')).toHaveLength(3);
    api.release();
    await refreshing;
  });

  it('asks again for the code of what is selected, which stays meanwhile', async () => {
    const api = new FakeApi(TREE());
    const model = await opened(api);
    await model.expand(at('a/'));
    const store = { endpoint: 'lab', key: 'a/x.zarr/' };
    model.select(store);
    await model.describe(idOf(store));
    await model.snippets(store);
    await model.snippets({ endpoint: 'lab', key: 'a/y' });
    api.calls.length = 0;
    const changes = jest.fn(() => model.snippetsNow(store));
    model.changed.connect(changes);
    await model.refresh();
    expect(api.calls.map(({ route, key }) => `${route} ${key}`)).toEqual(
      expect.arrayContaining(['node a/x.zarr/', 'snippets a/x.zarr/'])
    );
    expect(api.made('snippets')).toHaveLength(1);
    expect(changes).not.toHaveReturnedWith(null);
    expect(model.snippetsNow({ endpoint: 'lab', key: 'a/y' })).toBeNull();
    // What cannot be opened any more has no code.
    api.forbidden.add('a/x.zarr/');
    await model.refresh();
    expect(model.snippetsNow(store)).toBeNull();
  });

  it('leaves other branches alone', async () => {
    const api = new FakeApi(TREE());
    const model = await opened(api);
    await model.expand(at('a/'));
    await model.expand(at('b/'));
    api.calls.length = 0;
    await model.refresh({ endpoint: 'lab', key: 'a/' });
    expect(api.made('children').map(call => call.key)).toEqual(['a/']);
  });

  it('fetches as many pages as there were', async () => {
    const api = new FakeApi({
      '': Array.from({ length: 25 }, (_, i) => object(`o${i}`))
    });
    const model = new BrowserModel(api);
    model.pageSize = 10;
    await model.loadEndpoints();
    await model.expand(at(''));
    await model.loadMore(at(''));
    await model.refresh();
    expect(model.listing(at(''))?.items).toHaveLength(20);
  });

  it('does not turn stores back into folders meanwhile', async () => {
    const api = new FakeApi({ '': [folder('s/', { isUndecided: true })] });
    api.recognised.set('s/', dataset('s/'));
    const model = await opened(api);
    model.seen([at('s/')]);
    await jest.advanceTimersByTimeAsync(500);
    expect(model.node(at('s/'))?.kind).toBe('dataset');
    api.recognised.set('s/', folder('s/'));
    await model.refresh();
    expect(model.node(at('s/'))?.kind).toBe('dataset');
    model.seen([at('s/')]);
    await jest.advanceTimersByTimeAsync(500);
    const asked = api.made('nodes');
    expect(asked[asked.length - 1]?.refresh).toBe(true);
    expect(model.node(at('s/'))?.kind).toBe('folder');
  });
});

describe('recognising', () => {
  const undecided = (count: number) => ({
    '': Array.from({ length: count }, (_, i) =>
      folder(`f${i}/`, { isUndecided: true })
    )
  });

  it('asks for what is on screen, once, in bounded batches', async () => {
    const api = new FakeApi(undecided(1000));
    const model = await opened(api);
    const ids = api.tree['']!.map(idOf);
    model.seen(ids.slice(0, 30));
    model.seen(ids.slice(0, 450));
    await jest.advanceTimersByTimeAsync(500);
    const asked = api.made('nodes');
    expect(asked.map(call => call.keys.length)).toEqual([
      BATCH_MAX,
      BATCH_MAX,
      50
    ]);
    expect(new Set(asked.flatMap(call => call.keys)).size).toBe(450);
    model.seen(ids.slice(0, 450));
    await jest.advanceTimersByTimeAsync(500);
    expect(api.made('nodes')).toHaveLength(3);
  });

  it('does not ask for what flew past', async () => {
    const api = new FakeApi(undecided(300));
    const model = await opened(api);
    const ids = api.tree['']!.map(idOf);
    for (let top = 0; top < 100; top += 20) {
      model.seen(ids.slice(top, top + 20));
      await jest.advanceTimersByTimeAsync(10);
    }
    await jest.advanceTimersByTimeAsync(500);
    expect(api.made('nodes').flatMap(call => call.keys)).toEqual(
      Array.from({ length: 20 }, (_, i) => `f${80 + i}/`)
    );
  });

  it('tells what a row is to who cannot wait, without asking twice', async () => {
    const api = new FakeApi(undecided(30));
    api.recognised.set('f3/', dataset('f3/'));
    const model = await opened(api);
    model.seen(api.tree['']!.map(idOf));
    // Before what is on screen has settled.
    expect((await model.recognised(at('f3/')))?.kind).toBe('dataset');
    expect((await model.recognised(at('f3/')))?.kind).toBe('dataset');
    await jest.advanceTimersByTimeAsync(500);
    expect((await model.recognised(at('f4/')))?.kind).toBe('folder');
    expect(api.made('nodes').map(call => call.keys.length)).toEqual([30]);
    expect(model.node(at('f4/'))?.kind).toBe('folder');
  });

  it('waits for the answer that is under way', async () => {
    const api = new FakeApi(undecided(30));
    api.recognised.set('f3/', dataset('f3/'));
    const model = await opened(api);
    model.seen(api.tree['']!.map(idOf));
    jest.advanceTimersByTime(500);
    expect(api.made('nodes')).toHaveLength(1);
    expect(model.node(at('f3/'))?.kind).toBe('folder');
    expect((await model.recognised(at('f3/')))?.kind).toBe('dataset');
    expect(api.made('nodes')).toHaveLength(1);
  });

  it('leaves a folder a folder where nobody can tell', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation();
    const api = new FakeApi(undecided(1));
    const model = await opened(api);
    api.forbidden.add('');
    expect((await model.recognised(at('f0/')))?.kind).toBe('folder');
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
    // The next time it is asked anew.
    api.forbidden.clear();
    api.recognised.set('f0/', dataset('f0/'));
    expect((await model.recognised(at('f0/')))?.kind).toBe('dataset');
    expect(await model.recognised(at('gone/'))).toBeUndefined();
  });

  it('asks nothing while nobody looks', async () => {
    const api = new FakeApi(undecided(3));
    const model = await opened(api);
    model.setVisible(false);
    model.seen(api.tree['']!.map(idOf));
    await jest.advanceTimersByTimeAsync(500);
    expect(api.made('nodes')).toHaveLength(0);
    model.setVisible(true);
    await jest.advanceTimersByTimeAsync(500);
    expect(api.made('nodes')).toHaveLength(1);
  });

  it('shows one that is broken without hiding the others', async () => {
    const api = new FakeApi(undecided(2));
    const problem = {
      code: 'unreadable_metadata',
      message: 'Broken.',
      hint: '',
      retryable: false
    };
    api.recognised.set('f0/', dataset('f0/', { problem }));
    api.recognised.set('f1/', array('f1/'));
    const model = await opened(api);
    await model.expand(at('f1/'));
    model.seen(api.tree['']!.map(idOf));
    await jest.advanceTimersByTimeAsync(500);
    expect(model.node(at('f0/'))?.problem?.message).toBe('Broken.');
    // An array has nothing to open.
    expect(model.rows.list[2]?.expanded).toBeNull();
  });
});

describe('going to', () => {
  it('reveals what listings show', async () => {
    const api = new FakeApi(TREE());
    const model = await opened(api);
    // As it stood in code.
    await model.goTo(" 's3://a/x.zarr/t/' ");
    await settled();
    expect(model.selected?.key).toBe('a/x.zarr/t/');
    expect(names(model)).toEqual(['lab', 'a', 'x.zarr', 't', 'y', 'b', 'c']);
  });

  it('pins what may not be listed', async () => {
    const api = new FakeApi(TREE());
    api.forbidden.add('').add('p/').add('p/q/');
    api.recognised.set('p/q/s.zarr/', dataset('p/q/s.zarr/'));
    const model = new BrowserModel(api);
    await model.loadEndpoints();
    await model.goTo('s3://p/q/s.zarr/');
    await settled();
    expect(model.selected?.key).toBe('p/q/s.zarr/');
    expect(names(model)).toEqual([
      'lab',
      '<error>',
      'p',
      '<error>',
      'q',
      '<error>',
      's.zarr'
    ]);
    expect(model.node(at('p/'))?.uri).toBe('s3://p/');
  });

  it('pins what is on a later page, until that page comes', async () => {
    const api = new FakeApi({
      '': Array.from({ length: 25 }, (_, i) => folder(`f${i}/`))
    });
    const model = new BrowserModel(api);
    model.pageSize = 10;
    await model.loadEndpoints();
    await model.goTo('s3://f24/');
    await settled();
    expect(model.selected?.name).toBe('f24');
    expect(names(model).filter(name => name === 'f24')).toHaveLength(1);
    await model.loadMore(at(''));
    await model.loadMore(at(''));
    expect(names(model).filter(name => name === 'f24')).toHaveLength(1);
    expect(model.pins(at(''))).toEqual([]);
    expect(model.selected?.name).toBe('f24');
  });

  it('cuts keys at each slash', async () => {
    const api = new FakeApi();
    api.recognised.set('a//b.zarr/', dataset('a//b.zarr/'));
    const model = new BrowserModel(api);
    await model.loadEndpoints();
    await model.goTo('s3://a//b.zarr/');
    await settled();
    expect(model.rows.list.map(row => row.target)).toEqual([
      at(''),
      at('a/'),
      at('a//'),
      at('a//b.zarr/')
    ]);
  });

  it('passes on a refusal and changes nothing', async () => {
    const api = new FakeApi(TREE());
    const model = await opened(api);
    const before = names(model);
    await expect(model.goTo('s3://error_/x')).rejects.toBeInstanceOf(ApiError);
    expect(names(model)).toEqual(before);
  });
});

describe('filters', () => {
  it('tells whether there is more than what is loaded', async () => {
    const api = new FakeApi({ '': [object('a'), object('b')] });
    const model = new BrowserModel(api);
    model.pageSize = 1;
    await model.loadEndpoints();
    expect(model.hasMore).toBe(false);
    await model.expand(at(''));
    expect(model.hasMore).toBe(true);
    await model.loadMore(at(''));
    expect(model.hasMore).toBe(false);
  });

  it('filters on the server, and gives up answers that come too late', async () => {
    const api = new FakeApi({
      '': [folder('d/')],
      'd/': [object('d/ab'), object('d/abc'), object('d/x')]
    });
    const model = await opened(api);
    await model.setPrefix(at('d/'), '');
    expect(names(model)).toEqual(['lab', 'd', '<prefix>', 'ab', 'abc', 'x']);
    const first = model.setPrefix(at('d/'), 'a');
    const second = model.setPrefix(at('d/'), 'abc');
    await Promise.all([first, second]);
    expect(names(model)).toEqual(['lab', 'd', '<prefix>', 'abc']);
    const asked = api.made('children').filter(call => call.key === 'd/');
    expect(asked.map(call => call.signal.aborted)).toEqual([
      false,
      true,
      false
    ]);
    await model.setPrefix(at('d/'), null);
    expect(names(model)).toEqual(['lab', 'd', 'ab', 'abc', 'x']);
  });

  it('keeps the active row through a filter that hides it', async () => {
    const model = await opened(new FakeApi(TREE()));
    model.select({ endpoint: 'lab', key: 'b/' });
    model.setFilter('c');
    expect(model.selected?.name).toBe('lab');
    model.setFilter('');
    expect(model.selected?.name).toBe('b');
  });

  it('goes to the ancestor that was closed', async () => {
    const model = await opened(new FakeApi(TREE()));
    await model.expand(at('a/'));
    model.select({ endpoint: 'lab', key: 'a/y' });
    model.collapse(at('a/'));
    expect(model.selected?.name).toBe('a');
  });
});

describe('outliving a reload', () => {
  it('restores what was open, selected and pinned', async () => {
    const first = await opened(new FakeApi(TREE()));
    await first.expand(at('a/'));
    await first.expand(at('a/x.zarr/'));
    first.select({ endpoint: 'lab', key: 'a/x.zarr/t/' });
    const saved = JSON.parse(JSON.stringify(encodeTree(first.toSaved())));

    const api = new FakeApi(TREE());
    const second = new BrowserModel(api);
    second.restore(decodeTree(saved));
    await settled();
    expect(api.calls).toEqual([]);
    second.setVisible(true);
    await settled();
    expect(names(second)).toEqual(names(first));
    expect(second.selected?.key).toBe('a/x.zarr/t/');
  });

  it('forgets what is gone', async () => {
    const api = new FakeApi({ '': [folder('b/')] });
    const model = new BrowserModel(api);
    const expanded = ['', 'a/', 'a/x.zarr/', 'b/'];
    model.restore({
      expanded: [
        ...expanded.map(key => ({ endpoint: 'lab', key })),
        { endpoint: 'gone', key: '' }
      ],
      selected: { endpoint: 'lab', key: 'a/y' },
      pins: []
    });
    await model.loadEndpoints();
    await settled();
    expect(api.made('children').map(call => call.key)).toEqual(['', 'b/']);
    expect(model.toSaved().expanded.map(({ key }) => key)).toEqual(['', 'b/']);
    expect(names(model)).toEqual(['lab', 'b', '<empty>']);
  });

  it('restores what someone went to where listing is forbidden', async () => {
    const locate = (key: string) => ({ endpoint: 'lab', key });
    const api = new FakeApi();
    api.forbidden.add('').add('p/');
    const model = new BrowserModel(api);
    model.restore({
      expanded: [locate(''), locate('p/')],
      selected: locate('p/s.zarr/'),
      pins: [
        { ...locate('p/'), uri: 's3://p/' },
        { ...locate('p/s.zarr/'), uri: 's3://p/s.zarr/' }
      ]
    });
    await model.loadEndpoints();
    await settled();
    expect(names(model)).toEqual(['lab', '<error>', 'p', '<error>', 's.zarr']);
    expect(model.selected?.key).toBe('p/s.zarr/');
  });

  it('is bounded, and takes no nonsense', () => {
    const expanded = Array.from({ length: 500 }, (_, i) => ({
      endpoint: 'lab',
      key: `${i}/`
    }));
    const saved = encodeTree({ expanded, selected: null, pins: [] });
    expect(decodeTree(saved).expanded).toHaveLength(EXPANDED_MAX);
    for (const nonsense of [
      undefined,
      null,
      3,
      [],
      { expanded: 'x', selected: 1, pins: [{}] },
      { expanded: [{ endpoint: 1, key: '' }] }
    ]) {
      expect(decodeTree(nonsense)).toEqual({
        expanded: [],
        selected: null,
        pins: []
      });
    }
  });
});

describe('looking closer', () => {
  it('describes once, and again when asked to', async () => {
    const api = new FakeApi(TREE());
    const model = await opened(api);
    await model.describe(at('c'));
    await model.describe(at('c'));
    expect(api.made('node')).toHaveLength(1);
    await model.describe(at('c'), true);
    expect(api.made('node')[1]?.refresh).toBe(true);
  });

  it('keeps large parts out of the rows', async () => {
    const api = new FakeApi({ '': [dataset('s/')] });
    api.recognised.set(
      's/',
      dataset('s/', {
        attributes: { a: 1 },
        documents: [
          { name: 'zarr.json', text: '{}', sizeBytes: 2, isTruncated: false }
        ]
      })
    );
    const model = await opened(api);
    await model.describe(at('s/'));
    expect(model.details(at('s/'))?.node?.documents).toHaveLength(1);
    const node = model.node(at('s/'));
    expect(node?.documents).toBeNull();
    expect(node?.kind === 'dataset' && node.attributes).toBeNull();
  });

  it('says why a node cannot be described, and tries again', async () => {
    const api = new FakeApi({ '': [object('o')] });
    const model = await opened(api);
    api.forbidden.add('o');
    await model.describe(at('o'));
    expect(model.details(at('o'))?.problem?.code).toBe('forbidden');
    api.forbidden.clear();
    await model.describe(at('o'));
    expect(model.details(at('o'))?.problem).toBeNull();
  });

  it('asks for snippets once, and again after a failure', async () => {
    const api = new FakeApi(TREE());
    const model = await opened(api);
    const location = { endpoint: 'lab', key: 'c' };
    expect(model.snippetsNow(location)).toBeNull();
    const [one, two] = await Promise.all([
      model.snippets(location),
      model.snippets(location)
    ]);
    expect(one).toBe(two);
    expect(model.snippetsNow(location)?.[0]?.label).toBe('open');
    expect(api.made('snippets')).toHaveLength(1);
    api.forbidden.add('a/y');
    const other = { endpoint: 'lab', key: 'a/y' };
    await expect(model.snippets(other)).rejects.toBeInstanceOf(ApiError);
    api.forbidden.clear();
    expect(await model.snippets(other)).toHaveLength(1);
  });
});
