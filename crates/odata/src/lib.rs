//! OData 2.0 as the Personium API speaks it: URLs, queries, JSON, Atom, EDMX, batch. Pure text to model and back.
