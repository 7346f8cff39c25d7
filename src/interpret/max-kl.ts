/**
 * What counts as no effect. No library is loaded by this file, so that a page may import the number too.
 * @module
 */

/**
 * The largest KL that counts as no effect unless another is given, in nats. By Pinsker's inequality no token's probability,
 * nor that of any set of them, is then changed by more than √(KL / 2) = 0.1.
 */
export const usualMaxKl = 0.02;
