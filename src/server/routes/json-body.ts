/**
 * Bodies: bounded in size, JSON, and of the form that the contract describes.
 * @module
 */
import { zValidator } from '@hono/zod-validator';
import { bodyLimit } from 'hono/body-limit';
import { type z } from 'zod';
import { limits } from '../contract/index.js';
import { inputProblem } from '../problems.js';
import { ProblemError } from '../workbench/problem-error.js';

/** Refuses a larger body before it is read to its end. */
export const atMost = (maxSize: number) =>
  bodyLimit({
    maxSize,
    onError: () => {
      throw new ProblemError({
        code: 'too-large',
        message: `The body is too large: ${maxSize} bytes are taken.`,
      });
    },
  });

/** The bound of bodies that hold no reading. */
export const smallBody = atMost(limits.body);

/** The bound of those that do. */
export const readingBody = atMost(limits.readingBody);

/** Checks a JSON body. */
export const jsonBody = <S extends z.ZodType>(schema: S) =>
  zValidator('json', schema, (result) => {
    if (!result.success) throw inputProblem(result.error);
  });

/** Checks a part of the address. */
export const inAddress = <S extends z.ZodType, T extends 'param' | 'query'>(target: T, schema: S) =>
  zValidator(target, schema, (result) => {
    if (!result.success) throw inputProblem(result.error, 'The address');
  });
