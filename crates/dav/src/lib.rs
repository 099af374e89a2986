//! WebDAV as the Personium API speaks it: requests, multistatus, ACL XML, headers. Pure text to model and back.
