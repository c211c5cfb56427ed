/**
 * A fake NIM container that follows its documentation (`fixtures/nim`, labelled "from docs"): vLLM, with the
 * routes for metadata and health that NIM adds.
 */
import {
  startFakeRuntime,
  type FakeAnswer,
  type FakeRuntime,
  type RecordedRequest,
} from '../fake-runtime.ts';
import { answerAsVllm, type FakeVllmOptions } from './vllm.ts';

/** State of the fake. */
export interface FakeNimOptions extends FakeVllmOptions {
  /** Of the container; the server inside has its own. @default '2.0.3' */
  readonly release?: string;
  /**
   * `starting`: only the container's front answers. `loading`: its metadata too, and no model yet.
   *
   * @default 'ready'
   */
  readonly stage?: 'starting' | 'loading' | 'ready';
}

/** Starts a fake NIM container on 127.0.0.1, by default on a free port and with one model. */
export function startFakeNim(options: FakeNimOptions = {}): Promise<FakeRuntime> {
  const inside = { models: ['meta/llama-3.1-8b-instruct'], ...options };
  return startFakeRuntime((request) => answer(request, inside), options);
}

function answer(request: RecordedRequest, options: FakeNimOptions): FakeAnswer {
  const { release = '2.0.3', stage = 'ready', models = [] } = options;
  switch (request.route) {
    case 'GET /v1/health/live':
      return { body: { object: 'health.response', message: 'Service is live.' } };
    case 'GET /v1/health/ready':
      return stage === 'ready'
        ? { body: { object: 'health.response', message: 'Service is ready.' } }
        : { status: 503, body: { object: 'health.response', message: 'Service is not ready.' } };
    case 'GET /v1/metadata':
      if (stage === 'starting') break;
      return {
        body: {
          assetInfo: [],
          licenseInfo: { name: 'NVIDIA AI Foundation Models', path: '/opt/nim/LICENSE', sha: 'c8f1' },
          modelInfo: models.map((id) => ({ modelUrl: `ngc://nim/${id}:hf`, shortName: id })),
          version: release,
        },
      };
    case 'GET /v1/version':
      if (stage === 'starting') break;
      return { body: { release, api: '2.0.0' } };
  }
  return stage === 'ready' ? answerAsVllm(request, options) : { status: 503, body: '<html>503</html>' };
}
