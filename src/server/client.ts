/**
 * A typed client of the server, for the page and for tests. It runs in a browser and loads nothing but this.
 * @module
 */
import type {
  Attention,
  AttributionEvent,
  AttributionRequest,
  BitsMapEvent,
  BitsMapRequest,
  Case,
  CaseList,
  CompletenessEvent,
  CompletenessRequest,
  Contrast,
  ContrastRequest,
  ExperimentEvent,
  ExperimentList,
  ExperimentRequest,
  ExportRequest,
  Failure,
  ImportRequest,
  InputRequest,
  InspectRequest,
  Inspection,
  InterpretEvent,
  InterpretRequest,
  JudgeRequest,
  Judgement,
  KeptReading,
  ModelEvent,
  ModelList,
  ModelRequest,
  OverviewEvent,
  OverviewRequest,
  PatchEvent,
  PatchRequest,
  Problem,
  RandomInput,
  ReadEvent,
  ReadRequest,
  SavedEntry,
  SavedList,
  ServerStatus,
  StartRequest,
  SweepEvent,
  SweepFigureRequest,
  SweepRequest,
  Training,
  TrainingDetail,
  TrainingEvent,
  TrainingList,
} from './contract/index.js';
import { readEvents } from './events.js';

/** What the server answered instead of a result; the message is a line for a person. */
export class ServerProblem extends Error {
  override readonly name = 'ServerProblem';
  constructor(
    readonly code: Problem['code'],
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** The server's routes as functions. All throw {@link ServerProblem}, or what `fetch` throws when there is no server. */
export interface Client {
  status(): Promise<ServerStatus>;
  cases(): Promise<CaseList>;
  case(id: string): Promise<Case>;
  random(caseId: string, seed?: number): Promise<RandomInput>;
  inspect(request: InspectRequest, signal?: AbortSignal): Promise<Inspection>;
  attention(request: InputRequest, signal?: AbortSignal): Promise<Attention>;
  /** The events of a reading; an `error` event is given, not thrown. */
  read(request: ReadRequest, signal?: AbortSignal): AsyncGenerator<ReadEvent, void>;
  /** A person's own inputs, judged by the activation that is asked about. */
  judge(request: JudgeRequest, signal?: AbortSignal): Promise<Judgement>;
  overview(request: OverviewRequest, signal?: AbortSignal): AsyncGenerator<OverviewEvent, void>;
  /** What an activation tells; the last event is `told`, or an `error`. */
  interpret(request: InterpretRequest, signal?: AbortSignal): AsyncGenerator<InterpretEvent, void>;
  bits(request: BitsMapRequest, signal?: AbortSignal): AsyncGenerator<BitsMapEvent, void>;
  completeness(request: CompletenessRequest, signal?: AbortSignal): AsyncGenerator<CompletenessEvent, void>;
  contrast(request: ContrastRequest, signal?: AbortSignal): Promise<Contrast>;
  experiments(caseId: string): Promise<ExperimentList>;
  sweep(request: SweepRequest, signal?: AbortSignal): AsyncGenerator<SweepEvent, void>;
  /** A sweep's figure as SVG. */
  sweepFigure(request: SweepFigureRequest): Promise<string>;
  patch(request: PatchRequest, signal?: AbortSignal): AsyncGenerator<PatchEvent, void>;
  experiment(request: ExperimentRequest, signal?: AbortSignal): AsyncGenerator<ExperimentEvent, void>;
  attribution(request: AttributionRequest, signal?: AbortSignal): AsyncGenerator<AttributionEvent, void>;
  /** Models that are on the server's machine. */
  models(): Promise<ModelList>;
  /** What a model is, and the tokens of a text; one of the hub is fetched unless `offline`. */
  describeModel(request: ModelRequest, signal?: AbortSignal): AsyncGenerator<ModelEvent, void>;
  savedReadings(): Promise<SavedList>;
  openReading(name: string): Promise<KeptReading>;
  saveReading(name: string, reading: KeptReading, replace?: boolean): Promise<SavedEntry>;
  deleteReading(name: string): Promise<void>;
  export(request: ExportRequest): Promise<Blob>;
  import(request: ImportRequest): Promise<KeptReading>;
  trainings(): Promise<TrainingList>;
  training(name: string): Promise<TrainingDetail>;
  startTraining(request: StartRequest): Promise<Training>;
  steerTraining(name: string, what: 'pause' | 'resume' | 'stop'): Promise<Training>;
  watchTraining(name: string, signal?: AbortSignal): AsyncGenerator<TrainingEvent, void>;
}

/**
 * Makes a client.
 * @param base where the server is: empty for the page that it serves itself, else `http://127.0.0.1:4173`
 * @param headers sent with every request: `Authorization` where there is no cookie
 * @example for await (const { event, data } of createClient().read(request, signal)) …
 */
export function createClient(base = '', headers: Readonly<Record<string, string>> = {}): Client {
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Response> => {
    const response = await fetch(`${base}/api${path}`, {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.ok) return response;
    throw await problemOf(response);
  };
  // The contract describes what comes back; the server's tests hold it to that.
  const json = async <T>(...args: Parameters<typeof ask>): Promise<T> =>
    (await (await ask(...args)).json()) as T;
  async function* stream<E>(...args: Parameters<typeof ask>): AsyncGenerator<E, void> {
    const { body } = await ask(...args);
    if (body !== null) yield* readEvents(body) as AsyncGenerator<E, void>;
  }
  const named = encodeURIComponent;
  return {
    status: () => json('GET', '/status'),
    cases: () => json('GET', '/cases'),
    case: (id) => json('GET', `/cases/${named(id)}`),
    random: (caseId, seed) =>
      json('GET', `/random?case=${named(caseId)}${seed === undefined ? '' : `&seed=${seed}`}`),
    inspect: (request, signal) => json('POST', '/inspect', request, signal),
    attention: (request, signal) => json('POST', '/attention', request, signal),
    read: (request, signal) => stream('POST', '/read', request, signal),
    judge: (request, signal) => json('POST', '/judge', request, signal),
    overview: (request, signal) => stream('POST', '/overview', request, signal),
    interpret: (request, signal) => stream('POST', '/interpret', request, signal),
    bits: (request, signal) => stream('POST', '/bits', request, signal),
    completeness: (request, signal) => stream('POST', '/completeness', request, signal),
    contrast: (request, signal) => json('POST', '/contrast', request, signal),
    experiments: (caseId) => json('GET', `/experiments?case=${named(caseId)}`),
    sweep: (request, signal) => stream('POST', '/sweep', request, signal),
    sweepFigure: async (request) => (await ask('POST', '/sweep/figure', request)).text(),
    patch: (request, signal) => stream('POST', '/patch', request, signal),
    experiment: (request, signal) => stream('POST', '/experiment', request, signal),
    attribution: (request, signal) => stream('POST', '/attribution', request, signal),
    models: () => json('GET', '/models'),
    describeModel: (request, signal) => stream('POST', '/models/describe', request, signal),
    savedReadings: () => json('GET', '/readings'),
    openReading: (name) => json('GET', `/readings/${named(name)}`),
    saveReading: (name, reading, replace = false) =>
      json('PUT', `/readings/${named(name)}${replace ? '?replace=true' : ''}`, reading),
    async deleteReading(name) {
      await ask('DELETE', `/readings/${named(name)}`);
    },
    export: async (request) => (await ask('POST', '/export', request)).blob(),
    import: (request) => json('POST', '/import', request),
    trainings: () => json('GET', '/trainings'),
    training: (name) => json('GET', `/trainings/${named(name)}`),
    startTraining: (request) => json('POST', '/trainings', request),
    steerTraining: (name, what) => json('POST', `/trainings/${named(name)}/${what}`, {}),
    watchTraining: (name, signal) => stream('GET', `/trainings/${named(name)}/watch`, undefined, signal),
  };
}

async function problemOf(response: Response): Promise<ServerProblem> {
  const failure = (await response.json().catch(() => null)) as Failure | null;
  const { code = 'internal', message = `The server answered ${response.status}.` } = failure?.error ?? {};
  return new ServerProblem(code, message, response.status);
}
