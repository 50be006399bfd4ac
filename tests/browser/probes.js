// What the tests ask of a page. One object of functions; each answers plain values that read well in a failure.
({
  // How a failure names an element: tag, class, and the words that it begins with.
  name(element) {
    const words = (element.getAttribute('aria-label') || element.innerText || element.value || '').trim();
    const id = element.id ? `#${element.id}` : '';
    const classes = [...element.classList].map(each => `.${each}`).join('');
    return `${element.localName}${id}${classes} “${words.replace(/\s+/g, ' ').slice(0, 40)}”`;
  },

  shown(element) {
    return element.checkVisibility({visibilityProperty: true}) && element.getClientRects().length > 0;
  },

  // Visually hidden on purpose, for those who hear the page.
  spoken(element) {
    for (let each = element; each; each = each.parentElement) {
      if (getComputedStyle(each).clipPath === 'inset(50%)') return true;
    }
    return false;
  },

  language() {
    return [document.documentElement.lang, document.documentElement.dir];
  },

  unfold() {
    for (const each of document.querySelectorAll('details')) each.open = true;
  },

  spoilt() {
    return [...this.overflowing(), ...this.clipped(), ...this.overlapping()];
  },

  // Elements that reach over the edge of the page, unless something around them scrolls.
  overflowing() {
    const excess = document.documentElement.scrollWidth - innerWidth;
    if (excess <= 0) return [];
    const over = [...document.body.querySelectorAll('*')].filter(each => {
      const box = each.getBoundingClientRect();
      return box.width > 0 && (box.right > innerWidth + 0.5 || box.left < -0.5) && !this.spoken(each) && !each.matches('.skip');
    });
    const innermost = over.filter(each => !over.some(other => other !== each && each.contains(other)));
    return [`${excess} px too wide`, ...innermost.slice(0, 5).map(each => `over the edge: ${this.name(each)}`)];
  },

  // Boxes that cut their content off, and text that only a sideways scroll would show.
  clipped() {
    const found = [];
    for (const each of document.body.querySelectorAll('*')) {
      if (!this.shown(each) || this.spoken(each) || each.closest('svg, select, .skip')) continue;
      const style = getComputedStyle(each);
      const wider = each.scrollWidth > each.clientWidth + 1 && style.overflowX !== 'visible';
      const higher = each.scrollHeight > each.clientHeight + 1 && ['hidden', 'clip'].includes(style.overflowY);
      const input = ['input', 'textarea'].includes(each.localName);
      if (each.clientWidth && !input && (wider || higher)) found.push(`cut off: ${this.name(each)}`);
    }
    return found.slice(0, 5);
  },

  // Boxes drawn over one another: text that lies on text of another element.
  overlapping() {
    const lines = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !this.shown(element) || this.spoken(element)) continue;
      if (element.closest('select, .skip, option, datalist')) continue;
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      for (const box of range.getClientRects()) if (box.width > 1) lines.push({box, element});
    }
    const found = [];
    for (const [index, {box, element}] of lines.entries()) {
      for (const other of lines.slice(index + 1, index + 60)) {
        const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        if (other.element !== element && across > 2 && down > Math.min(box.height, other.box.height) / 2) {
          found.push(`${this.name(element)} lies on ${this.name(other.element)}`);
        }
      }
    }
    return found.slice(0, 5);
  },

  // What stays in place while the page is scrolled, as a share of the window.
  pinned() {
    const boxes = [...document.body.querySelectorAll('*')].filter(each =>
      ['fixed', 'sticky'].includes(getComputedStyle(each).position) && this.shown(each));
    return boxes.filter(each => each.getBoundingClientRect().height > innerHeight / 3).map(each => this.name(each));
  },

  // WCAG 2.2, 1.4.12: the least that a reader may set. A style sheet of script is not held back by the page's policy.
  space() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
      p { margin-block-end: 2em !important; }`);
    document.adoptedStyleSheets.push(sheet);
  },

  // WCAG 2.2, 2.5.8: links and controls smaller than 24 px, but for links within a sentence.
  small() {
    const least = 24;
    const targets = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')];
    return targets.filter(each => this.shown(each) && !each.matches('.skip')).filter(each => {
      const boxes = [each, ...(each.labels || [])].map(one => one.getBoundingClientRect());
      if (boxes.some(box => box.width >= least - 0.1 && box.height >= least - 0.1)) return false;
      return !this.inSentence(each);
    }).map(each => {
      const box = each.getBoundingClientRect();
      return `${this.name(each)} is ${box.width.toFixed(0)} × ${box.height.toFixed(1)} px`;
    });
  },

  // Whether a link stands among words that are no links, so that its height is that of the line.
  inSentence(element) {
    if (element.localName !== 'a' || !getComputedStyle(element).display.startsWith('inline')) return false;
    const block = element.closest('p, li, dd, td, th, div, figcaption, caption, h1, h2, h3');
    if (!block) return false;
    const around = block.cloneNode(true);
    for (const each of around.querySelectorAll('a, ul, ol, table, details, small, .tag')) each.remove();
    return /\p{L}{2}/u.test(around.textContent);
  },

  // Longest transition or animation on the page, in seconds.
  motion() {
    const seconds = text => Math.max(...text.split(',').map(each => parseFloat(each) * (each.trim().endsWith('ms') ? 0.001 : 1)));
    return [...document.querySelectorAll('*')].reduce((most, each) => {
      const style = getComputedStyle(each);
      return Math.max(most, seconds(style.transitionDuration), style.animationName === 'none' ? 0 : seconds(style.animationDuration));
    }, getComputedStyle(document.documentElement).scrollBehavior === 'smooth' ? 1 : 0);
  },

  // Latin runs in Arabic text that are torn apart: those that begin with digits or signs, or end with signs, and are not
  // kept apart from the text around them (by bdi, by a direction of their own, or by the characters made for it).
  mixed() {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!this.shown(element) || element.closest('svg')) continue;
      let line = element;
      while (getComputedStyle(line).display.startsWith('inline') && getComputedStyle(line).unicodeBidi === 'normal') line = line.parentElement;
      if (getComputedStyle(line).direction === 'ltr') continue;
      const bare = walker.currentNode.data.replace(/\u2068[^\u2069]*\u2069/g, '');
      for (const run of bare.match(/[\d#+./@-]*\p{Script=Latin}[^\p{Script=Arabic}]*/gu) || []) {
        const [first, last] = [run.trim().at(0), run.trim().at(-1)];
        if (/[\d#+./@-]/.test(first) || /[-#+/?=&%!]/.test(last)) found.push(`${this.name(element)}: ${run.trim()}`);
      }
    }
    return found;
  },

  // Marks one element of every kind (by tag and the font that it asks for) that has Han characters of its own; how many.
  han() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const kinds = new Map();
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!/\p{Script=Han}/u.test(walker.currentNode.data) || !this.shown(element) || element.localName === 'option') continue;
      const {fontFamily, fontWeight, fontStyle} = getComputedStyle(element);
      const kind = [element.localName, element.closest('[lang]').lang, fontFamily, fontWeight, fontStyle].join();
      if (!kinds.has(kind)) kinds.set(kind, element);
    }
    return [...kinds.values()].map((element, index) => {
      element.dataset.han = index;
      const own = [...element.childNodes].filter(each => each.nodeType === Node.TEXT_NODE).map(each => each.data).join('');
      return [this.name(element), own.match(/\p{Script=Han}/gu).length];
    });
  },

  side(selector) {
    const box = document.querySelector(selector).getBoundingClientRect();
    return (box.left + box.right) / 2 < innerWidth / 2 ? 'left' : 'right';
  },

  // Where the text of an element begins.
  edge(selector) {
    const range = document.createRange();
    range.selectNodeContents(document.querySelector(selector));
    const boxes = [...range.getClientRects()].filter(box => box.width > 0);
    const around = document.querySelector('main').getBoundingClientRect();
    const [left, right] = [Math.min(...boxes.map(box => box.left)), Math.max(...boxes.map(box => box.right))];
    return around.right - right < left - around.left ? 'right' : 'left';
  },

  // What a reader with a keyboard can reach.
  reachable() {
    const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]')];
    const radios = new Set();
    return all.filter(each => {
      if (!this.shown(each) || each.disabled || each.tabIndex < 0) return false;
      if (each.type !== 'radio') return true;
      const group = `${each.name}`;
      return !radios.has(group) && radios.add(group);
    }).map(each => this.numbered(each));
  },

  numbered(element) {
    window.numbers ??= new Map();
    if (!window.numbers.has(element)) window.numbers.set(element, window.numbers.size);
    return `${window.numbers.get(element)} ${this.name(element)}`;
  },

  focused(selector) {
    return document.activeElement.matches(selector);
  },

  hits() {
    return [...document.querySelectorAll('main .rows .title a')].map(each => each.innerText.trim());
  },

  // The element that has the focus, and how it can be seen; nothing once the focus has left the page.
  focus() {
    const element = document.activeElement;
    if (!element || element === document.body || element === document.documentElement) return null;
    const style = getComputedStyle(element);
    const box = [...element.getClientRects()].find(each => each.width > 0) || element.getBoundingClientRect();
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    const top = document.elementFromPoint(x, y);
    window.walked ??= [];
    if (!window.walked.includes(element)) window.walked.push(element);
    return {
      name: this.numbered(element),
      outline: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
      contrast: this.contrast(style.outlineColor, this.behind(element)),
      hidden: !(top && (element.contains(top) || top.contains(element) || top.closest('label')?.control === element)),
      inMain: Boolean(element.closest('main')),
    };
  },

  // Where the walk went against the order of reading: back in the document, or, among neighbours, up or against the writing.
  disorder() {
    const near = element => element.closest('ul, ol, dl, p, nav, form, fieldset, tr');
    const found = [];
    for (const [index, after] of window.walked.entries()) {
      const before = window.walked[index - 1];
      if (!before) continue;
      const told = `from ${this.name(before)} to ${this.name(after)}`;
      if (!(before.compareDocumentPosition(after) & Node.DOCUMENT_POSITION_FOLLOWING)) found.push(`${told}, back in the document`);
      if (near(before) !== near(after) || before.contains(after)) continue;
      const [from, to] = [before, after].map(each => each.getBoundingClientRect());
      const leftwards = getComputedStyle(before.parentElement).direction === 'rtl';
      const sameLine = Math.min(from.bottom, to.bottom) - Math.max(from.top, to.top) > Math.min(from.height, to.height) / 2;
      if (!sameLine && to.bottom <= from.top) found.push(`${told}, upwards`);
      if (sameLine && (leftwards ? to.right > from.right : to.left < from.left)) found.push(`${told}, against the writing`);
    }
    return found;
  },

  behind(element) {
    for (let each = element.parentElement; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (!/rgba\(.*, 0\)/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  },

  contrast(one, other) {
    const light = colour => {
      const [r, g, b] = colour.match(/[\d.]+/g).map(Number).map(each => each / 255)
        .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [more, less] = [light(one), light(other)].sort((a, b) => b - a);
    return (more + 0.05) / (less + 0.05);
  },

  // Text that is too pale on the page that a printer makes.
  faint() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = new Set();
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !this.shown(element)) continue;
      if (this.contrast(getComputedStyle(element).color, 'rgb(255, 255, 255)') < 4.5) found.add(this.name(element));
    }
    return [...found];
  },

  // What a page says, but for what it says of its own doings.
  words() {
    const main = document.querySelector('main');
    const doings = [...main.querySelectorAll('[role=status]')].map(each => each.innerText);
    return doings.reduce((text, each) => text.replace(each, ''), main.innerText).trim().replace(/\s+/g, ' ');
  },

  // When something was first painted, in milliseconds after the visit began.
  painted() {
    return new Promise(done => new PerformanceObserver(list => {
      for (const each of list.getEntriesByName('first-contentful-paint')) done(each.startTime);
    }).observe({type: 'paint', buffered: true}));
  },
})
