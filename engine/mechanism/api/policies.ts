import { chain } from './admission.ts';
import { limitRangeAdmission } from './limit-range/admission.ts';
import { podSecurityAdmission } from './pod-security/admission.ts';
import { quotaAdmission } from './quota/admission.ts';

/**
 * What the policies of a namespace say to a write, after the built-in admission: LimitRange (fills in, then judges),
 * Pod Security, ResourceQuota; in kube-apiserver's order. Not part of comparing what is declared with what is there.
 */
export const policyAdmission = chain(limitRangeAdmission, podSecurityAdmission, quotaAdmission);
