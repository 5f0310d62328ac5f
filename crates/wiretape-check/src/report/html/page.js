
'use strict';
// The page works without this. It adds: a search, keys, copying, and findings that open where a link leads.
(() => {
  const all = [...document.querySelectorAll('.finding')];
  const shown = document.getElementById('shown');
  if (!all.length || !shown) return;
  const said = shown.textContent;
  const filters = document.querySelector('.filters');

  const tools = document.createElement('div');
  tools.className = 'tools';
  const search = document.createElement('input');
  search.type = 'search';
  search.placeholder = 'Search: a code, F-21, a tape, a text';
  search.setAttribute('aria-label', 'Search the findings');
  const button = (text, does) => {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = text;
    made.addEventListener('click', does);
    return made;
  };
  const toggle = button('Open all', () => {
    const open = toggle.textContent === 'Open all';
    for (const one of all) if (one.checkVisibility()) one.open = open;
    toggle.textContent = open ? 'Close all' : 'Open all';
  });
  tools.append(search, toggle);
  filters.append(tools);

  let texts = null;
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length && !texts) texts = all.map((one) => (one.dataset.tape + ' ' + one.textContent).toLowerCase());
    all.forEach((one, place) => { one.hidden = !words.every((word) => texts[place].includes(word)); });
    const seen = all.filter((one) => one.checkVisibility()).length;
    shown.textContent = seen === all.length ? said : seen + ' of ' + said;
  };
  search.addEventListener('input', apply);
  filters.addEventListener('change', apply);

  const reveal = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const one = id && document.getElementById(id);
    if (!one || !one.classList.contains('finding')) return;
    if (!one.checkVisibility()) {
      search.value = '';
      for (const box of filters.querySelectorAll('input[type=checkbox]')) box.checked = true;
      apply();
    }
    one.open = true;
    const summary = one.querySelector('summary');
    if (summary) summary.focus({ preventScroll: true });
    one.scrollIntoView({ block: 'start' });
  };
  addEventListener('hashchange', reveal);
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#f-"]');
    if (link && link.hash === location.hash) reveal();
  });
  reveal();

  for (const line of document.querySelectorAll('.repeat')) {
    const text = line.textContent;
    if (!navigator.clipboard) break;
    const copy = button('Copy', async () => {
      await navigator.clipboard.writeText(text);
      copy.textContent = 'Copied';
      setTimeout(() => { copy.textContent = 'Copy'; }, 1500);
    });
    line.append(copy);
  }

  document.getElementById('keys').textContent = 'Keys: j and k go from one to the next, Enter opens.';
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea')) return;
    const step = { j: 1, k: -1 }[event.key];
    if (!step) return;
    const seen = all.filter((one) => one.checkVisibility() && one.querySelector('summary'));
    const at = seen.findIndex((one) => one.contains(document.activeElement));
    const next = seen[at < 0 ? (step > 0 ? 0 : seen.length - 1) : at + step];
    if (next) next.querySelector('summary').focus();
  });

  addEventListener('beforeprint', () => { for (const one of all) if (one.checkVisibility()) one.open = true; });
})();
