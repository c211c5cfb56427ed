/** What the attacker's page does. The site of the test serves it; each function tells what the page got to see. */

/** Asks every address in every way that fetch has. */
globalThis.fetchAll = async ({ origins, token }) => {
  const asked = ['cors', 'no-cors', 'same-origin'].flatMap((mode) =>
    ['GET', 'POST', 'HEAD'].map((method) => ({ mode, method, credentials: 'include' })),
  );
  const body = '{"model":"acme/m"}';
  asked.push(
    { method: 'PUT', body, headers: { 'content-type': 'application/json' } },
    { method: 'POST', body, headers: { 'content-type': 'text/plain' } },
    { method: 'OPTIONS' },
    { method: 'DELETE' },
  );
  const paths = [
    '/v1/resolve?model=acme/m',
    '/v1/default-model',
    '/v1/setup/acme',
    '/v1/discovery/scan',
    '/v1/snapshot',
    '/livez',
  ];
  const requests = origins.flatMap((origin) =>
    paths.flatMap((path) => asked.map((init) => ({ address: origin + path, init }))),
  );
  return Promise.all(
    requests.map(async ({ address, init }) => {
      const headers = { ...init.headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
      try {
        const answer = await fetch(address, { ...init, headers });
        return { status: answer.status, text: await answer.text() };
      } catch {
        return { status: 0, text: '' };
      }
    }),
  );
};

/** Asks in the ways that are older than fetch, or have no preflight. */
globalThis.connectAll = (origins) => {
  const ways = [
    (address, done) => {
      const socket = new WebSocket(address.replace('http', 'ws'));
      socket.addEventListener('open', () => done('open'));
      socket.addEventListener('error', () => done('refused'));
    },
    (address, done) => {
      const source = new EventSource(address, { withCredentials: true });
      source.addEventListener('open', () => done('open'));
      source.addEventListener('error', () => {
        source.close();
        done('refused');
      });
    },
    (address, done) => {
      const request = new XMLHttpRequest();
      request.open('GET', address);
      request.addEventListener('load', () => done(request.status === 403 ? 'refused' : request.responseText));
      request.addEventListener('error', () => done('refused'));
      request.send();
    },
  ];
  const addresses = origins.flatMap((origin) => [`${origin}/v1/events`, `${origin}/v1/snapshot`]);
  for (const origin of origins) navigator.sendBeacon(`${origin}/v1/discovery/scan`, '{}');
  return Promise.all(
    addresses.flatMap((address) => ways.map((way) => new Promise((resolve) => way(address, resolve)))),
  );
};

/** Puts every address into every element that loads something. */
globalThis.embedAll = (addresses) =>
  Promise.all(
    addresses.flatMap((address) =>
      ['img', 'script', 'link', 'video'].map(
        (kind) =>
          new Promise((resolve) => {
            const element = document.createElement(kind);
            element.addEventListener('load', () => resolve(`${kind} loaded`));
            element.addEventListener('loadeddata', () => resolve(`${kind} loaded`));
            element.addEventListener('error', () => resolve('refused'));
            if (kind === 'link') element.rel = 'stylesheet';
            element[kind === 'link' ? 'href' : 'src'] = address;
            document.body.append(element);
          }),
      ),
    ),
  );

/** Shows every address in a frame. */
globalThis.frameAll = (addresses) =>
  Promise.all(
    addresses.map(
      (address) =>
        new Promise((resolve) => {
          const frame = document.createElement('iframe');
          frame.addEventListener('load', () => resolve('shown'));
          frame.src = address;
          document.body.append(frame);
        }),
    ),
  );

/** Sends a form whose text looks like JSON, and leaves the page with it. */
globalThis.sendForm = ({ action, type }) => {
  const form = document.createElement('form');
  form.method = 'POST';
  form.enctype = type;
  form.action = action;
  const field = document.createElement('input');
  field.name = '{"model":"acme/m","x":"';
  field.value = '"}';
  form.append(field);
  document.body.append(form);
  form.submit();
};

/** Asks the page's own origin with a token, as a page after a rebinding does. */
globalThis.askOwnOrigin = (token) =>
  Promise.all(
    ['/v1/resolve?model=acme/m', '/livez', '/health'].map(async (path) => {
      const answer = await fetch(path, { headers: { authorization: `Bearer ${token}` } });
      return `${answer.status} ${await answer.text()}`;
    }),
  );
