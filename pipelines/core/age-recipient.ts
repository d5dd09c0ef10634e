/** What age encrypts to: age1 and the checked letters of a key. Apart from age.ts, which takes its time to load. */
export const AGE_RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/;
